// Who asks, from the proxy to the application behind it. Headers alone would prove nothing: a path that the proxy's matcher
// leaves out reaches the application with whatever a client sent. So the proxy signs what it says.
import type { Identity, VerifiedPair, VerifiedToken } from "../api.js";
import { misconfigured } from "../errors.js";
import type { SentinelUser } from "./api.js";

/** Every header that begins so is the proxy's: what a client sends under such a name is removed. */
const PREFIX = "x-sentinel-";
const PROOF = `${PREFIX}proof`;
/** How long a request may take to the application, in seconds. */
const LIFE = 30;

/** For code that reads headers; `getUser` reads the proof. The names are those of Sentinel Auth's package for Next. */
const NAMES = {
  userId: "user-id",
  email: "email",
  name: "name",
  workspaceId: "workspace-id",
  workspaceSlug: "workspace-slug",
  workspaceRole: "workspace-role",
  idpSubject: "idp-sub",
} as const satisfies Partial<Record<keyof SentinelUser, string>>;

export function userOf(identity: Identity, verified: VerifiedToken | VerifiedPair): SentinelUser {
  return {
    userId: identity.userId,
    email: identity.email ?? "",
    name: identity.name ?? "",
    workspaceId: identity.workspaceId ?? "",
    workspaceSlug: identity.workspaceSlug ?? "",
    workspaceRole: identity.role ?? "",
    groups: identity.groups,
    actions: identity.actions,
    idpSubject: identity.idpSubject ?? "",
    issuer: ("authorizationToken" in verified ? verified.authorizationToken : verified).claims.iss ?? "",
  };
}

/** The headers that say and prove who asks. */
export async function headersOf(user: SentinelUser, secret: string, now: number): Promise<Record<string, string>> {
  const body = encode(new TextEncoder().encode(JSON.stringify({ user, exp: Math.floor(now / 1000) + LIFE })));
  const mac = await crypto.subtle.sign("HMAC", await keyOf(secret), new TextEncoder().encode(body));
  const headers: Record<string, string> = { [PROOF]: `${body}.${encode(new Uint8Array(mac))}` };
  for (const [field, name] of Object.entries(NAMES)) {
    const value = user[field as keyof typeof NAMES];
    if (value !== "") headers[PREFIX + name] = headerText(value);
  }
  return headers;
}

/** Who the proxy says that asks; null where nobody does, or someone else says it. */
export async function userIn(headers: Pick<Headers, "get">, secret: string, now: number): Promise<SentinelUser | null> {
  const [body, mac, ...rest] = (headers.get(PROOF) ?? "").split(".");
  if (!body || !mac || rest.length > 0) return null;
  try {
    const holds = await crypto.subtle.verify("HMAC", await keyOf(secret), decode(mac), new TextEncoder().encode(body));
    if (!holds) return null;
    const { user, exp } = JSON.parse(new TextDecoder().decode(decode(body))) as { user: SentinelUser; exp: number };
    return now / 1000 < exp ? user : null;
  } catch {
    return null;
  }
}

export const bearerIn = (headers: Pick<Headers, "get">): string | undefined =>
  /^Bearer +(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];

export function checkedSecret(secret: string | undefined): string {
  if (secret !== undefined && secret.length >= 32) return secret;
  throw misconfigured("SENTINEL_PROXY_SECRET must have 32 characters or more");
}

let known: { readonly secret: string; readonly key: Promise<CryptoKey> } | undefined;

function keyOf(secret: string): Promise<CryptoKey> {
  if (known?.secret !== secret) {
    const octets = new TextEncoder().encode(`sentinel-edge/next ${secret}`);
    known = { secret, key: crypto.subtle.importKey("raw", octets, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]) };
  }
  return known.key;
}

/** A header holds ASCII: other text is percent-encoded, and so is a percent sign. */
const headerText = (text: string): string => (/^[\x20-\x24\x26-\x7e]*$/.test(text) ? text : encodeURIComponent(text));

const encode = (octets: Uint8Array): string =>
  btoa(Array.from(octets, (octet) => String.fromCharCode(octet)).join("")).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

const decode = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (octet) => octet.charCodeAt(0));
