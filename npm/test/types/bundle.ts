// The types of `/bundle` and `/client/slice`, tested by the compiler.
import { type Bundle, openBundle, SentinelError } from "sentinel-edge/bundle";
import { followBundle, type FollowedBundle } from "sentinel-edge/bundle/follow";
import * as slim from "sentinel-edge/bundle/slim";
import * as web from "sentinel-edge/bundle/web";
import { createVerifier } from "sentinel-edge";
import { createDecider, SentinelAuth } from "sentinel-edge/client";
import { createSliceDecider } from "sentinel-edge/client/slice";
import { createSliceDecider as fromFile } from "sentinel-edge/client/slice/web";
import { can, sentinelProxy } from "sentinel-edge/next";
import { createRevocationFeed, openRevocations } from "sentinel-edge/revocations";
import { sentinelExpress } from "sentinel-edge/server";
import { sentinelFetch, sentinelHono } from "sentinel-edge/workers";
import type { SentinelProviderProps } from "sentinel-edge/react";

const demands = { issuer: "https://a.example.com", audience: "notes", workspace: "w1", jwksUrl: "https://a.example.com/jwks" };
const bundle: Promise<Bundle> = openBundle({ ...demands, url: "https://a.example.com/b", headers: async () => ({ a: "b" }), algorithms: ["RS256"] });
const small: Promise<slim.Bundle> = slim.openBundle({ ...demands, bytes: new Uint8Array(), service: "notes" });
const other: Promise<web.Bundle> = web.openBundle({ ...demands, bytes: new ArrayBuffer(8), store: { getItem: () => null, setItem: () => {} } });

export async function ask(): Promise<boolean> {
  const held = await bundle;
  const stop: () => void = held.follow({ tabs: true, interval: 1000, eventsUrl: null, onError: (error) => error });
  stop();
  const names: readonly string[] = held.listObjects({ user: "user:a", relation: "viewer", type: "note" });
  const changed: boolean = await held.refresh();
  const verifier = createVerifier({ ...demands, revoked: ({ claims }) => held.isRevoked(claims) });
  const relations = (relation: string, object: string, user: string): boolean => held.check({ user, relation, object, atLeast: held.revision });
  const { allow } = verifier.decide({ method: "GET", path: "/notes/7" }, null, { relations });
  // @ts-expect-error: an answer that has to be waited for is none.
  verifier.decide({ method: "GET", path: "/notes/7" }, null, { relations: async () => true });
  // @ts-expect-error: a question has three parts.
  held.check({ user: "user:a", object: "note:7" });
  return allow && changed && names.length > 0 && held.allows(null, "notes:export") && held.notAfter > 0;
}

// @ts-expect-error: a bundle is at a URL, or at hand.
openBundle(demands);
// @ts-expect-error: a misspelt demand is none.
openBundle({ ...demands, url: "https://a.example.com/b", servce: "notes" });

const client = new SentinelAuth({ sentinelUrl: "https://a.example.com" });
const decider = createSliceDecider(client, { service: "notes", fallback: createDecider(client, "/api/access"), openBundle, onError: () => {} });
export const provider: SentinelProviderProps = { client, decider };
export const denying = fromFile(client, { fallback: "deny", about: ({ relation, object }) => ({ relation, object }) });
export const code = (error: unknown): string => (error instanceof SentinelError ? error.code : "");
export { other, small };

const followed: FollowedBundle = followBundle({ sentinelUrl: "https://a.example.com", serviceName: "notes", serviceKey: "sk", maxAge: 1000, openBundle: slim.openBundle });
const guarded = { verifier: createVerifier(demands), bundle: followed };
export const doors = [sentinelProxy(guarded), sentinelExpress(guarded), sentinelHono(guarded), sentinelFetch(guarded, () => new Response())];
export const may: Promise<boolean> = can("edit", "note:7", followed);
// @ts-expect-error: a bundle has to be followed to decide for a guard.
sentinelExpress({ verifier: createVerifier(demands), bundle });
// @ts-expect-error: a key is needed.
followBundle({ sentinelUrl: "https://a.example.com", serviceName: "notes" });
export async function taken(): Promise<boolean> {
  const list = await openRevocations({ ...demands, url: "https://a.example.com/r" });
  // @ts-expect-error: revocations alone answer nothing else.
  list.check({ user: "user:a", relation: "viewer", object: "note:7" });
  const feed = await createRevocationFeed();
  const verifier = createVerifier({ ...demands, revoked: ({ claims }) => list.isRevoked(claims) });
  const actions = (action: string, user: string): boolean => (action === "" ? feed.isRevoked({}) : user !== "");
  return verifier.decide({ method: "GET", path: "/export" }, null, { actions }).allow && (await followed.of("w1")).hasAction("user:a", "notes:export");
}
