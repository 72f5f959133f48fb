import { type Asked, checked, isPersonal, isTaken, judge, PRIVATE, type Refusal } from "../service/judge.js";
import type { GuardOptions, SentinelContext } from "../service/api.js";
import type { GuardedHandler, GuardSource, HonoContext } from "./api.js";

/** A handler as Workers, Deno and Bun call it, before which every request is judged. */
export function sentinelFetch<Env, Rest extends readonly unknown[]>(
  source: GuardSource<Env>,
  handler: GuardedHandler<readonly [Env, ...Rest]>,
): (request: Request, env: Env, ...rest: Rest) => Promise<Response> {
  const optionsOf = once(source);
  return async (request, env, ...rest) => {
    const { context, refusal } = await judge(optionsOf(env), asked(request), after(() => rest[0] as Context));
    if (refusal !== undefined) return answer(refusal);
    return kept(context, await handler(cleaned(request), context, env, ...rest));
  };
}

/** Middleware for Hono: `c.get("sentinel")` is who sent the request. */
export function sentinelHono<Env>(source: GuardSource<Env>): (c: HonoContext, next: () => Promise<void>) => Promise<Response | void> {
  const optionsOf = once(source);
  return async (c, next) => {
    const { context, refusal } = await judge(optionsOf(c.env as Env), asked(c.req.raw), after(() => c.executionCtx));
    if (refusal !== undefined) return answer(refusal);
    c.req.raw = cleaned(c.req.raw);
    c.set("sentinel", context);
    await next();
    const response = kept(context, c.res);
    // Hono joins the headers of an answer that replaces another.
    if (response !== c.res) c.res = response;
  };
}

function once<Env>(source: GuardSource<Env>): (env: Env) => GuardOptions {
  if (typeof source !== "function") {
    const options = checked(source);
    return () => options;
  }
  // An isolate has one environment. Elsewhere what comes in its place is another one with each request.
  let options: GuardOptions | undefined;
  return (env) => (options ??= checked(source(env)));
}

interface Context {
  waitUntil(work: Promise<unknown>): void;
}

/** Where there is no Worker nothing ends with the answer. */
const after =
  (context: () => Context) =>
  (work: Promise<unknown>): void => {
    try {
      context().waitUntil(work);
    } catch {}
  };

const asked = (request: Request): Asked => ({
  method: request.method,
  url: request.url,
  header: (name) => request.headers.get(name),
});

/** Without the headers that a client may not send. */
function cleaned(request: Request): Request {
  const taken = [...request.headers.keys()].filter(isTaken);
  if (taken.length === 0) return request;
  const headers = new Headers(request.headers);
  for (const name of taken) headers.delete(name);
  return new Request(request, { headers });
}

const answer = ({ status, headers, body }: Refusal): Response => new Response(body, { status, headers });

/** A personal answer that does not say who may keep it is kept by nobody. */
function kept(context: SentinelContext, response: Response): Response {
  if (!isPersonal(context) || response.headers.has("cache-control") || response.status === 101) return response;
  try {
    response.headers.set("cache-control", PRIVATE);
    return response;
  } catch {
    // What came from elsewhere has headers that cannot be changed.
    const copy = new Response(response.body, response);
    copy.headers.set("cache-control", PRIVATE);
    return copy;
  }
}
