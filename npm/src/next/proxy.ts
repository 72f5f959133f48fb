import { NextResponse } from "next/server.js";
import { checked, isPersonal, isTaken, judge, PRIVATE, type Refusal } from "../service/judge.js";
import type { ProxiedRequest, ProxyEvent, SentinelProxyOptions } from "./api.js";
import { checkedSecret, headersOf, userOf } from "./identity.js";

/** For `proxy.ts`: judges every request that its matcher takes, and tells the application who asks. */
export function sentinelProxy(options: SentinelProxyOptions): (request: ProxiedRequest, event?: ProxyEvent) => Promise<Response> {
  const { loginPath = "/login", secret: given, ...guard } = options;
  const secret = checkedSecret(given ?? process.env.SENTINEL_PROXY_SECRET);
  checked(guard);
  return async (request, event) => {
    const { pathname, search } = request.nextUrl;
    const asked = {
      method: request.method,
      // As the application knows it: without its base path.
      url: pathname + search,
      header: (name: string) => request.headers.get(name),
    };
    const { context, refusal } = await judge(guard, asked, event && ((work) => event.waitUntil(work)));
    if (refusal === undefined) {
      const headers = new Headers(request.headers);
      for (const name of [...headers.keys()]) if (isTaken(name)) headers.delete(name);
      const { identity } = context;
      if (identity !== null) {
        for (const [name, value] of Object.entries(await headersOf(userOf(identity, context.verified!), secret, Date.now()))) headers.set(name, value);
      }
      const response = NextResponse.next({ request: { headers } });
      // A prerendered page says that every cache may keep it: not where one has to be somebody, or is.
      if (isPersonal(context)) response.headers.set("cache-control", PRIVATE);
      return response;
    }
    const asksForPage = ["GET", "HEAD"].includes(request.method) && (request.headers.get("accept") ?? "").includes("text/html");
    if (refusal.status === 401 && asksForPage && pathname !== loginPath) {
      const login = request.nextUrl.clone();
      login.pathname = loginPath;
      // A path of this application, and nothing that came from outside: the login page still reads it by `safeReturnPath`.
      login.search = new URLSearchParams({ returnTo: pathname + search }).toString();
      const response = NextResponse.redirect(login.href);
      response.headers.set("cache-control", "no-store");
      return response;
    }
    return answer(refusal);
  };
}

/** For `middleware.ts`: the same. */
export const sentinelMiddleware = sentinelProxy;

const answer = ({ status, headers, body }: Refusal): Response => new Response(body, { status, headers });
