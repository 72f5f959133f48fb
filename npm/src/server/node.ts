// Express, Fastify, and whatever else has Node's requests.
import { misconfigured } from "../errors.js";
import type { GuardOptions, SentinelContext } from "../service/api.js";
import { type Asked, checked, isPersonal, isTaken, judge, PRIVATE, type Refusal } from "../service/judge.js";
import type { FastifyApplication, NodeRequest, NodeResponse } from "./api.js";

type Judged = NodeRequest & { sentinel?: SentinelContext };

/** Middleware for Express, and for everything with `(request, response, next)`. */
export function sentinelExpress(
  options: GuardOptions,
): (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => void {
  checked(options);
  return (request, response, next) => {
    // The path that routes, also below a mounted router, and where a middleware before has rewritten it.
    const url = (request.baseUrl ?? "") + (request.url ?? "");
    const answer = ({ status, headers, body }: Refusal): void => {
      response.statusCode = status;
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      response.end(body);
    };
    judge(options, asked(request, url))
      .then(({ context, refusal }) => {
        if (refusal !== undefined) return answer(refusal);
        clean(request);
        (request as Judged).sentinel = context;
        if (isPersonal(context)) response.setHeader("cache-control", PRIVATE);
        // Outside of the promise: what a handler throws is its own framework's.
        queueMicrotask(next);
      })
      .catch(next);
  };
}

interface FastifyRequest {
  readonly raw: NodeRequest;
}
interface FastifyReply {
  code(status: number): FastifyReply;
  header(name: string, value: string): FastifyReply;
  send(body: string): unknown;
}

/** A plugin for Fastify: `app.register(sentinelFastify, { verifier })`. Its hook is the whole application's. */
export const sentinelFastify: (app: FastifyApplication, options: GuardOptions, done: (error?: Error) => void) => void = Object.assign(
  (app: FastifyApplication, options: GuardOptions, done: (error?: Error) => void): void => {
    // Fastify's own options of a registration come along.
    const { prefix, logLevel, logSerializers, ...rest } = options as GuardOptions & Record<string, unknown>;
    const given = checked(rest as GuardOptions);
    app.addHook("onRequest", async (request: FastifyRequest, reply: FastifyReply) => {
      const { context, refusal } = await judge(given, asked(request.raw, request.raw.url ?? ""));
      if (refusal !== undefined) {
        reply.code(refusal.status);
        for (const [name, value] of Object.entries(refusal.headers)) reply.header(name, value);
        return reply.send(refusal.body);
      }
      clean(request.raw);
      Object.assign(request, { sentinel: context });
      if (isPersonal(context)) reply.header("cache-control", PRIVATE);
      return undefined;
    });
    done();
  },
  { [Symbol.for("skip-override")]: true, [Symbol.for("fastify.display-name")]: "sentinel-edge" },
);

/** Who sent a request, as a guard before has found; fails where none was there. */
export function sentinelOf(request: object): SentinelContext {
  const { sentinel } = request as Partial<Judged>;
  if (sentinel === undefined) throw misconfigured("no guard has judged this request");
  return sentinel;
}

function asked({ method = "", headers, rawHeaders }: NodeRequest, url: string): Asked {
  const authorizations = rawHeaders.filter((text, at) => at % 2 === 0 && text.toLowerCase() === "authorization");
  return {
    method,
    url,
    header: (name) => {
      const value = headers[name] ?? (name === "host" ? headers[":authority"] : undefined);
      return value === undefined ? null : Array.isArray(value) ? value.join(", ") : value;
    },
    // Node keeps the first of them, and what handed the request on may have gone by the last.
    authorizedTwice: authorizations.length > 1,
  };
}

/** Takes away what a client may not send, in every place in which Node has it. */
function clean({ headers, rawHeaders }: NodeRequest): void {
  for (const name of Object.keys(headers)) if (isTaken(name)) delete headers[name];
  for (let at = rawHeaders.length - 2; at >= 0; at -= 2) if (isTaken(rawHeaders[at] ?? "")) rawHeaders.splice(at, 2);
}
