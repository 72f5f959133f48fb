/** A token as its signature sees it, in any runtime. */
export function parts(token) {
  const dot = token.lastIndexOf(".");
  const binary = atob(token.slice(dot + 1).replaceAll("-", "+").replaceAll("_", "/"));
  return { input: new TextEncoder().encode(token.slice(0, dot)), signature: Uint8Array.from(binary, (c) => c.charCodeAt(0)) };
}
