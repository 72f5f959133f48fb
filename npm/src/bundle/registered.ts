/** Types that every workspace has: they are asked about by their own names. */
const BUILT_IN = ["resource", "workspace", "group", "user"];

/** An object of a service by the name under which its resource was registered: `note:7` is `resource:notes/note/7`. */
export function registered(scope: string, object: string, own: readonly string[] = []): string {
  const [type = "", ...id] = object.split(":");
  return BUILT_IN.includes(type) || own.includes(type) ? object : `resource:${scope}/${type}/${id.join(":")}`;
}
