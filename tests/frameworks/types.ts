// The guards' types fit those of the frameworks: compiled by guards.test.mjs, never run.
import express from "express";
import fastify from "fastify";
import { Hono } from "hono";
import { createVerifier, type Identity } from "sentinel-edge";
import { createAuthZenClient, createPermissionsClient, sentinelExpress, sentinelFastify, sentinelOf } from "sentinel-edge/server";
import { sentinelFetch, sentinelHono, type SentinelVariables } from "sentinel-edge/workers";

const verifier = createVerifier({ issuer: "i", audience: "a", jwksUrl: "https://auth.example.com/jwks" });

const app = express();
app.use(sentinelExpress({ verifier }));
app.get("/notes", sentinelExpress({ verifier, cookies: false }), (request, response) => {
  const identity: Identity | null = sentinelOf(request).identity;
  response.json(identity);
});

const service = fastify();
service.register(sentinelFastify, { verifier });
service.get("/notes", async (request) => sentinelOf(request).decision.reason);

interface Env {
  readonly ISSUER: string;
}
const hono = new Hono<{ Bindings: Env; Variables: SentinelVariables }>();
hono.use(sentinelHono<Env>((env) => ({ verifier: createVerifier({ issuer: env.ISSUER, audience: "a", jwksUrl: "https://auth.example.com/jwks" }) })));
hono.use("/notes/*", sentinelHono({ verifier }));
hono.get("/notes", (c) => c.text(c.get("sentinel").identity?.userId ?? ""));

export default {
  fetch: sentinelFetch<Env, [{ waitUntil(promise: Promise<unknown>): void }]>({ verifier }, (request, { identity }, env, context) => {
    context.waitUntil(Promise.resolve());
    return new Response(`${request.url} ${identity?.userId} ${env.ISSUER}`);
  }),
};

const permissions = createPermissionsClient({ sentinelUrl: "https://auth.example.com", serviceKey: "k", serviceName: "notes" });
export const may: Promise<boolean> = permissions.can("token", "view", "note:7");
// @ts-expect-error there is no such permission
permissions.can("token", "own", "note:7");
// @ts-expect-error a misspelt option
sentinelExpress({ verifier, cookie: false });
// @ts-expect-error a guard needs a verifier
sentinelFetch({}, () => new Response());

export async function find(): Promise<string[]> {
  const found: string[] = [];
  for await (const { id } of createAuthZenClient({ url: "https://auth.example.com" }).resources({ type: "user", id: "ada" }, "viewer", "doc")) found.push(id);
  return found;
}
