/** What every app asks of the bundle entry that it imported: an allow, a deny, and what is past its time. */
export async function checkBundle({ SentinelError, openBundle }, { settings, now, steps }) {
  const bytes = Uint8Array.from(atob(steps[0].open.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  let clock = now * 1000;
  const bundle = await openBundle({ ...settings, bytes, clock: () => clock });
  const ask = (user) => {
    try {
      return bundle.check({ user, relation: "can_read", object: "document:plan" });
    } catch (error) {
      return error instanceof SentinelError ? error.code : `${error}`;
    }
  };
  const answers = [ask("user:beth"), ask("user:carl")];
  clock = bundle.notAfter;
  return [...answers, ask("user:beth")];
}
