import { NextResponse } from "next/server.js";
import type { Decision, TokenPair, VerifiedPair, VerifiedToken, Verifier } from "../api.js";
import type { ProxiedRequest, SentinelProxyOptions } from "./api.js";
import { ACCESS_COOKIE, AUTHZ_COOKIE, bearerIn, checkedSecret, headersOf, PREFIX, userOf } from "./identity.js";

/** A request that changes nothing (RFC 9110 §9.2.1). */
const SAFE = ["GET", "HEAD", "OPTIONS"];
/** Denials that a login may change. */
const TO_LOGIN = ["unauthenticated", "revoked"];

/** For `proxy.ts`: judges every request that its matcher takes, and tells the application who asks. */
export function sentinelProxy(options: SentinelProxyOptions): (request: ProxiedRequest) => Promise<Response> {
  const { verifier, pair = false, loginPath = "/login" } = options;
  const secret = checkedSecret(options.secret ?? process.env.SENTINEL_PROXY_SECRET);

  const tokensOf = (request: ProxiedRequest): readonly [string, string] => {
    const bearer = bearerIn(request.headers);
    if (bearer !== undefined) return [bearer, request.headers.get("x-authz-token") ?? ""];
    // A browser sends cookies along for other sites' pages, too: they change nothing here.
    if (!SAFE.includes(request.method) && !isOwn(request)) return ["", ""];
    return [request.cookies.get(ACCESS_COOKIE)?.value ?? "", request.cookies.get(AUTHZ_COOKIE)?.value ?? ""];
  };

  const verify = async ([token, authz]: readonly [string, string]): Promise<VerifiedToken | VerifiedPair | null> => {
    if (token === "" || (pair && authz === "")) return null;
    return pair ? (verifier as TokenPair).verify(token, authz) : (verifier as Verifier).verify(token);
  };

  return async (request) => {
    let verified: VerifiedToken | VerifiedPair | null = null;
    let refusal: string | undefined;
    try {
      verified = await verify(tokensOf(request));
    } catch (error) {
      // A token that is refused is nobody's: what is public stays so.
      refusal = codeOf(error);
    }
    const { pathname, search } = request.nextUrl;
    const decision = (verifier as Verifier).decide({ method: request.method, path: pathname }, verified as VerifiedToken | null);
    if (decision.allow) {
      const headers = new Headers(request.headers);
      for (const name of [...headers.keys()]) if (isReserved(name)) headers.delete(name);
      if (verified !== null) {
        for (const [name, value] of Object.entries(await headersOf(userOf(verified), secret, Date.now()))) headers.set(name, value);
      }
      const response = NextResponse.next({ request: { headers } });
      // A prerendered page says that every cache may keep it: not where one has to be somebody, or is.
      if (decision.reason !== "public" || verified !== null) response.headers.set("cache-control", "private, no-store");
      return response;
    }
    if (refusal === "unavailable") return problem(503, refusal);
    const asksForPage = ["GET", "HEAD"].includes(request.method) && (request.headers.get("accept") ?? "").includes("text/html");
    if (TO_LOGIN.includes(decision.reason) && asksForPage && pathname !== loginPath) {
      const login = request.nextUrl.clone();
      login.pathname = loginPath;
      // A path of this application, and nothing that came from outside: the login page still reads it by `safeReturnPath`.
      login.search = new URLSearchParams({ returnTo: pathname + search }).toString();
      return withoutCache(NextResponse.redirect(login.href));
    }
    return denied(decision, refusal);
  };
}

/** For `middleware.ts`: the same. */
export const sentinelMiddleware = sentinelProxy;

/** Whatever is no letter or digit counts as `-`: some servers behind read it so. */
const isReserved = (name: string): boolean => name.toLowerCase().replace(/[^a-z0-9]/g, "-").startsWith(PREFIX);

/** Whether a page of this application sent it, or nobody's page. */
function isOwn(request: ProxiedRequest): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin" || site === "none";
  const origin = request.headers.get("origin");
  if (origin === null || origin === "null") return false;
  try {
    return new URL(origin).host === request.headers.get("host");
  } catch {
    return false;
  }
}

/** By its name: the class of another entry point's errors is another one. */
function codeOf(error: unknown): string {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return name === "SentinelError" && typeof code === "string" ? code : "unavailable";
}

function denied({ reason }: Decision, refusal: string | undefined): Response {
  if (!TO_LOGIN.includes(reason)) return problem(403, reason);
  const response = problem(401, refusal ?? reason);
  response.headers.set("www-authenticate", refusal === undefined ? "Bearer" : 'Bearer error="invalid_token"');
  return response;
}

/** RFC 9457. */
function problem(status: number, code: string): Response {
  const response = NextResponse.json({ type: "about:blank", status, code }, { status });
  response.headers.set("content-type", "application/problem+json");
  return withoutCache(response);
}

function withoutCache(response: Response): Response {
  response.headers.set("cache-control", "no-store");
  return response;
}
