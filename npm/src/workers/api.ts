// The public types of `sentinel-edge/workers`, as they are published.
import type { GuardOptions, SentinelContext } from "../service/api.js";

/**
 * The options, or what makes them of the Worker's bindings: once, with the first request. Before that a Worker has no random
 * numbers, and a verifier cannot be made.
 */
export type GuardSource<Env = unknown> = GuardOptions | ((env: Env) => GuardOptions);

/** A handler of requests that were let through. */
export type GuardedHandler<Rest extends readonly unknown[]> = (
  request: Request,
  sentinel: SentinelContext,
  ...rest: Rest
) => Response | Promise<Response>;

/** What `sentinelHono` sets: `new Hono<{ Variables: SentinelVariables }>()`. */
export interface SentinelVariables {
  sentinel: SentinelContext;
}

/** A context of Hono's, as far as the middleware needs it. */
export interface HonoContext {
  readonly req: { raw: Request };
  readonly env: any;
  readonly executionCtx: any;
  res: Response;
  set(name: any, value: any): void;
}
