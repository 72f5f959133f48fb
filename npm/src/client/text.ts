// What goes into addresses, and what is read out of tokens.

/** Base64url without padding (RFC 4648 §5). */
export function base64url(octets: Uint8Array): string {
  return btoa(String.fromCharCode(...octets)).replace(/[+/=]/g, (character) => ({ "+": "-", "/": "_" })[character] ?? "");
}

/** 256 random bits. */
export const random = (): string => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** The challenge of a verifier (RFC 7636 §4.2). */
export async function challengeOf(verifier: string): Promise<string> {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

/**
 * What a token says, not verified: it came from the server itself, and what is read of it is shown and decides nothing.
 * Empty where it is not a JWT.
 */
export function claimsOf(token: string): Readonly<Record<string, unknown>> {
  try {
    const octets = atob(token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/"));
    const claims: unknown = JSON.parse(new TextDecoder().decode(Uint8Array.from(octets, (octet) => octet.charCodeAt(0))));
    return typeof claims === "object" && claims !== null ? (claims as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/**
 * A path of this site, or the fallback: nothing that a browser could read as another site's address or as a script. A
 * backslash counts as a slash in addresses, and tabs and line breaks count as nothing (WHATWG URL, basic parser).
 */
export function safeReturnPath(path: unknown, fallback = "/"): string {
  if (typeof path !== "string" || path.length > 2048 || !/^\/(?![/\\])/.test(path) || /[\\\u0000-\u0020\u007f]/.test(path)) {
    return fallback;
  }
  const base = "https://site.invalid";
  try {
    const url = new URL(path, base);
    // `/.//host` is a path that parses to `//host`.
    const plain = url.pathname + url.search + url.hash;
    return url.origin === base && !plain.startsWith("//") ? plain : fallback;
  } catch {
    return fallback;
  }
}

/** The origin of an address that tokens may go to: https, or http on this machine. */
export function trustedUrl(address: string | URL): URL | undefined {
  try {
    const url = new URL(address);
    const local = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname);
    return url.protocol === "https:" || (local && url.protocol === "http:") ? url : undefined;
  } catch {
    return undefined;
  }
}
