// The same small service in each framework: it answers what it was told of who asks, and which route it was.
import { once } from "node:events";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { sentinelExpress, sentinelFastify, sentinelOf } from "sentinel-edge/server";
import { sentinelFetch, sentinelHono } from "sentinel-edge/workers";
import { answer } from "./answer.mjs";

async function listening(server) {
  if (!server.listening) await once(server.listen(0, "127.0.0.1"), "listening");
  const close = () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve)));
  return { origin: `http://127.0.0.1:${server.address().port}`, close };
}

const told = (request, route) => answer(route, request.method, sentinelOf(request), new Headers(Object.entries(request.headers)));

export const APPS = {
  async express(options) {
    const app = express();
    app.use(sentinelExpress(options));
    app.get("/health", (request, response) => response.json(told(request, "health")));
    app.all("/docs/:id", (request, response) => response.json({ ...told(request, "docs"), raw: request.rawHeaders }));
    // A router of its own, which Express gives paths without where it is mounted.
    const admin = express.Router();
    admin.all("/{*rest}", (request, response) => response.json(told(request, "admin")));
    app.use("/admin", admin);
    app.get("/open/*rest", (request, response) => response.json(told(request, "open")));
    return listening(createServer(app));
  },

  /** The guard where the router is, and not around the whole application. */
  async "express, mounted"(options) {
    const app = express();
    for (const [path, route] of [["/docs", "docs"], ["/admin", "admin"], ["/open", "open"]]) {
      const router = express.Router();
      router.use(sentinelExpress(options));
      router.all("/{*rest}", (request, response) => response.json({ ...told(request, route), raw: request.rawHeaders }));
      app.use(path, router);
    }
    app.get("/health", sentinelExpress(options), (request, response) => response.json(told(request, "health")));
    return listening(createServer(app));
  },

  async fastify(options) {
    const app = fastify();
    app.register(sentinelFastify, options);
    app.get("/health", async (request) => told(request, "health"));
    app.all("/docs/:id", async (request) => ({ ...told(request, "docs"), raw: request.raw.rawHeaders }));
    app.register(async (part) => part.all("/*", async (request) => told(request, "admin")), { prefix: "/admin" });
    app.get("/open/*", async (request) => told(request, "open"));
    await app.listen({ host: "127.0.0.1", port: 0 });
    return { origin: `http://127.0.0.1:${app.server.address().port}`, close: () => app.close() };
  },

  async hono(options) {
    const app = new Hono();
    app.use(sentinelHono(options));
    const say = (route) => (c) => c.json(answer(route, c.req.method, c.get("sentinel"), c.req.raw.headers));
    app.get("/health", say("health"));
    app.all("/docs/:id", say("docs"));
    app.all("/admin/*", say("admin"));
    app.get("/open/*", say("open"));
    return listening(createServer(getRequestListener(app.fetch)));
  },

  async fetch(options) {
    const handler = sentinelFetch(options, (request, sentinel) => {
      const [, route] = new URL(request.url).pathname.split("/");
      return Response.json(answer(route, request.method, sentinel, request.headers));
    });
    return listening(createServer(getRequestListener(handler)));
  },
};
