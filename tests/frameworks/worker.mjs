// The same service as a Worker: a bare handler, and Hono under /hono's own binding.
import { createVerifier } from "sentinel-edge";
import { sentinelFetch, sentinelHono } from "sentinel-edge/workers";
import { Hono } from "hono";
import { answer } from "./answer.mjs";

const optionsOf = (env) => ({ ...env.GUARD, verifier: createVerifier({ ...env.OPTIONS, algorithms: ["ES256"] }) });

const bare = sentinelFetch(optionsOf, (request, sentinel, env) => {
  const [, route] = new URL(request.url).pathname.split("/");
  return Response.json(answer(route, request.method, sentinel, request.headers), { headers: { "x-env": env.NAME } });
});

const app = new Hono();
app.use(sentinelHono(optionsOf));
const say = (route) => (c) => c.json(answer(route, c.req.method, c.get("sentinel"), c.req.raw.headers), 200, { "x-env": c.env.NAME });
app.get("/health", say("health"));
app.all("/docs/:id", say("docs"));
app.all("/admin/*", say("admin"));
app.get("/open/*", say("open"));

export default { fetch: (request, env, context) => (env.NAME === "hono" ? app.fetch(request, env, context) : bare(request, env, context)) };
