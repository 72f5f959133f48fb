// One request, judged: its tokens, the decision, and what is answered where it is no.
import type { Decision, VerifiedPair, VerifiedToken, Verifier } from "../api.js";
import { codeOf, misconfigured, SentinelError } from "../errors.js";
import type { GuardOptions, SentinelContext } from "./api.js";

/** Where a browser's token is; of a pair, the provider's. */
export const ACCESS_COOKIE = "sentinel_access_token";
/** Where a browser's second token is. */
export const AUTHZ_COOKIE = "sentinel_authz_token";
export const AUTHZ_HEADER = "x-authz-token";
/** What a request under these names says is said by who verified it: a client's are removed. */
const RESERVED = "x-sentinel-";
/** Another method than the one that was decided on: what obeys these runs behind the decision. */
const OVERRIDES = ["x-http-method", "x-http-method-override", "x-method-override"];
/** Denials that a login may change. */
const TO_LOGIN = ["unauthenticated", "revoked"];
/** What is wrong with the token itself, found out after it was verified. */
const TAKEN_BACK = ["token_revoked", "claim_missing"];

/** A request, as far as its judgement depends on it. */
export interface Asked {
  readonly method: string;
  /** As it was received: core refuses what has two readings. */
  readonly url: string;
  /** Of a header that came several times: all of it, with commas. */
  header(name: string): string | null;
  /** Whether `Authorization` came more than once, where the host does not join what does. */
  readonly authorizedTwice?: boolean;
}

/** A refusal, as RFC 9457 has it. */
export interface Refusal {
  readonly status: 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type Judgement =
  | { readonly context: SentinelContext; readonly refusal?: undefined }
  | { readonly refusal: Refusal; readonly context?: undefined };

export function checked(options: GuardOptions): GuardOptions {
  const { verifier, pair, cookies, relations, bundle, ...unknown } = options ?? ({} as GuardOptions);
  // A misspelt `cookies: false` must not be true.
  if (Object.keys(unknown).length > 0) throw misconfigured("an option of the guard is unknown");
  if (typeof verifier?.verify !== "function" || typeof verifier.decide !== "function") {
    throw misconfigured("the guard needs a verifier");
  }
  return options;
}

/** `later`: ends what is done for a request after its answer. */
export async function judge(options: GuardOptions, asked: Asked, later?: (work: Promise<unknown>) => void): Promise<Judgement> {
  const { verifier, pair = false, relations, bundle } = options;
  let verified: VerifiedToken | VerifiedPair | null = null;
  let identity: SentinelContext["identity"] = null;
  let refused: string | undefined;
  try {
    verified = await verify(options, pair, asked);
    // A token in which the profile finds nobody is nobody's.
    identity = verified?.identity ?? null;
  } catch (error) {
    // What is public stays so.
    refused = codeOf(error) ?? "unavailable";
    verified = null;
  }
  const question = [{ method: asked.method, url: asked.url }, verified as VerifiedToken | null] as const;
  let decision: Decision;
  try {
    decision =
      bundle === undefined
        ? (verifier as Verifier).decide(...question, relations === undefined ? {} : { relations })
        : await bundle.decide(verifier, ...question, later);
  } catch (error) {
    // It could not be decided: too old a bundle, or what it does not know.
    const code = codeOf(error) ?? "unavailable";
    if (code === "configuration_invalid") throw error;
    return { refusal: TAKEN_BACK.includes(code) ? unauthorized(code, true) : problem(503, code) };
  }
  if (decision.allow) return { context: Object.freeze({ identity, verified, decision }) };
  return { refusal: refusalOf(decision, refused) };
}

async function verify(
  { verifier, cookies = true }: GuardOptions,
  pair: boolean,
  asked: Asked,
): Promise<VerifiedToken | VerifiedPair | null> {
  const bearer = bearerIn(asked);
  const counts = bearer === undefined && cookies && cookieCounts(asked);
  const token = counts ? cookieIn(asked, ACCESS_COOKIE) : bearer;
  if (!pair) return token === undefined ? null : (verifier as Verifier).verify(token);
  const authz = counts ? cookieIn(asked, AUTHZ_COOKIE) : (asked.header(AUTHZ_HEADER) ?? undefined);
  if (token === undefined && authz === undefined) return null;
  // Half a pair is nobody, and says so.
  if (token === undefined || authz === undefined) throw new SentinelError("binding_mismatch", "one token of the pair is missing");
  return (verifier as unknown as { verify(one: string, other: string): Promise<VerifiedPair> }).verify(token, authz);
}

/** `Authorization: Bearer` (RFC 6750 §2.1); another scheme counts as none. What came twice is joined, and is no token. */
function bearerIn(asked: Asked): string | undefined {
  if (asked.authorizedTwice) throw new SentinelError("token_malformed", "there are two Authorization headers");
  const found = /^Bearer(?: +([^]*))?$/i.exec(asked.header("authorization") ?? "");
  return found === null ? undefined : (found[1] ?? "").trim();
}

/** A browser sends cookies along for other sites' pages, too: those may look, which they cannot see, and change nothing. */
function cookieCounts(asked: Asked): boolean {
  const looks = ["GET", "HEAD", "OPTIONS"].includes(asked.method) && asked.header("upgrade") === null;
  return looks || isOwn(asked);
}

/** Whether a page of this site sent it. */
function isOwn(asked: Asked): boolean {
  const site = asked.header("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const origin = asked.header("origin");
  if (origin === null || !URL.canParse(origin)) return false;
  const host = asked.header("host") ?? (URL.canParse(asked.url) ? new URL(asked.url).host : "");
  return host !== "" && new URL(origin).host === host;
}

/** The value of a cookie that came once. Of two, one may be another site's, and they have no order (RFC 6265 §4.2.2). */
function cookieIn(asked: Asked, name: string): string | undefined {
  const values = (asked.header("cookie") ?? "")
    .split(";")
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1).replace(/^"(.*)"$/, "$1"));
  return values.length === 1 && values[0] !== "" ? values[0] : undefined;
}

function refusalOf({ reason }: Decision, refused: string | undefined): Refusal {
  if (refused === "unavailable") return problem(503, refused);
  return TO_LOGIN.includes(reason) ? unauthorized(refused ?? reason, refused !== undefined) : problem(403, reason);
}

/** With a challenge (RFC 6750 §3). */
function unauthorized(code: string, invalid: boolean): Refusal {
  return problem(401, code, { "www-authenticate": invalid ? 'Bearer error="invalid_token"' : "Bearer" });
}

function problem(status: Refusal["status"], code: string, more: Record<string, string> = {}): Refusal {
  const headers = { "content-type": "application/problem+json", "cache-control": "no-store", ...more };
  return { status, headers, body: JSON.stringify({ type: "about:blank", status, code }) };
}

/**
 * Whether a client's header is taken away. Whatever is no letter or digit counts as `-`: some servers and what they hand
 * requests on to read it so.
 */
export function isTaken(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "-");
  return plain.startsWith(RESERVED) || plain === RESERVED.slice(0, -1) || OVERRIDES.includes(plain);
}

/** Whether others than who asked may keep an answer that says nothing of it. */
export const isPersonal = ({ identity, decision }: SentinelContext): boolean => identity !== null || decision.reason !== "public";

/** For answers that are not to be kept. */
export const PRIVATE = "private, no-store";
