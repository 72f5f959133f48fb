// The bundles that guards decide by: followed from a real HTTP server, with the tokens of its issuer.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createTokenPair, createVerifier } from "sentinel-edge";
import { openBundle } from "sentinel-edge/bundle";
import { followBundle } from "sentinel-edge/bundle/follow";
import { createRevocationFeed, openRevocations, SentinelError } from "sentinel-edge/revocations";
import { sentinelExpress } from "sentinel-edge/server";
import { sentinelFetch, sentinelHono } from "sentinel-edge/workers";
import { BETH, DEMANDS, frame, holding, JWKS, Publisher, revocationsOf } from "./bundles.mjs";
import { json, jwks, keys, NOW, refusal, serve, sign } from "./support.mjs";

const RULES = [
  { method: "GET", path: "/health", allow: "public" },
  { method: "GET", path: "/me", allow: "authenticated" },
  { method: "GET", path: "/documents/:id", allow: { relation: "can_read", object: "document:{id}" } },
  { method: "GET", path: "/export", allow: { action: "notes:write" } },
  { method: "GET", path: "/list", allow: { anyAction: ["notes:none", "notes:read"] } },
  { method: "GET", path: "/unknown/:id", allow: { relation: "can_fly", object: "document:{id}" } },
  { method: "GET", path: "/hours", allow: { relation: "viewer", object: "document:hours" } },
];

/** beth is an editor, carl a viewer. */
const HOLDERS = { "user:beth": [0], "user:carl": [1] };

/** A publisher of the bundle of `notes` in w1, its keys and its checks, behind HTTP. */
async function world(more = {}) {
  const publisher = new Publisher(holding(HOLDERS));
  publisher.members = { service: "notes" };
  const asked = { bundles: 0, checks: [] };
  const state = { down: false, now: NOW };
  const server = await serve((request, response) => {
    const url = new URL(request.url, "http://localhost");
    if (state.down) return response.writeHead(503).end();
    if (url.pathname === "/.well-known/jwks.json") return json(response, JWKS);
    if (url.pathname === "/access/v1/evaluation") {
      let text = "";
      request.on("data", (part) => (text += part));
      return request.on("end", () => {
        asked.checks.push([request.headers.authorization, JSON.parse(text)]);
        json(response, { decision: state.decision });
      });
    }
    if (url.pathname !== "/bundles/v1/workspaces/w1/services/notes") return response.writeHead(404).end();
    asked.bundles += 1;
    asked.key = request.headers["x-service-key"];
    const claims = { iss: server.origin, iat: state.now, ...state.claims };
    const since = url.searchParams.get("since");
    const bytes = since === null ? publisher.full(claims) : publisher.since(since, claims);
    response.writeHead(200, { "content-type": "application/vnd.sentinel.bundle" }).end(bytes);
  });
  const clock = () => state.now * 1000;
  const options = { sentinelUrl: server.origin, serviceName: "notes", serviceKey: "sk", clock, ...more };
  const bundle = followBundle(options);
  after(() => bundle.close());
  const verifier = createVerifier({ issuer: server.origin, audience: "notes", jwks: jwks(keys("ES256")), rules: RULES, roleOrder: ["viewer", "owner"], clock });
  const token = (claims = {}) => sign("ES256", { claims: { iss: server.origin, aud: "notes", jti: "j1", sub: "beth", wid: "w1", exp: NOW + 10_000, ...claims } });
  const decide = async (path, claims) => {
    const verified = claims === null ? null : await verifier.verify(token(claims));
    const { allow, reason } = await bundle.decide(verifier, { method: "GET", path }, verified);
    return allow ? reason : [reason];
  };
  return { publisher, asked, state, server, options, bundle, verifier, token, decide };
}

test("relations and actions are decided by the bundle, and nobody is asked meanwhile", async () => {
  const { asked, decide, server } = await world();
  const carl = { sub: "carl" };
  assert.equal(await decide("/documents/plan"), "relation");
  const before = server.requests;
  for (let round = 0; round < 3; round += 1) {
    assert.equal(await decide("/documents/plan"), "relation");
    assert.deepEqual(await decide("/documents/plan", carl), ["relation_required"]);
    assert.equal(await decide("/export"), "action");
    assert.deepEqual(await decide("/export", carl), ["action_required"]);
    assert.equal(await decide("/list", carl), "action");
    assert.deepEqual(await decide("/list", { sub: "eve" }), ["action_required"]);
    // What a token says itself is believed.
    assert.equal(await decide("/export", { ...carl, actions: ["notes:write"] }), "action");
    assert.deepEqual(await decide("/export", { actions: ["notes:read"] }), ["action_required"]);
    assert.equal(await decide("/me", carl), "authenticated");
    assert.deepEqual(await decide("/me", null), ["unauthenticated"]);
  }
  assert.deepEqual([server.requests, asked.bundles, asked.key], [before, 1, "sk"]);
});

test("a role of the workspace is none that the bundle speaks of", async () => {
  // `editor` has `notes:write` in the bundle: that a token says so of its bearer makes carl no holder of it.
  const { decide } = await world();
  assert.deepEqual(await decide("/export", { sub: "carl", wrole: "editor" }), ["action_required"]);
});

test("what is not told is no answer", async () => {
  const { publisher, decide } = await world();
  publisher.body = holding(undefined);
  assert.equal(await refusal(() => decide("/export")), "undecided");
  assert.equal(await decide("/documents/plan"), "relation");
  assert.equal(await refusal(() => decide("/unknown/plan")), "configuration_invalid");
  assert.equal(await refusal(() => decide("/hours", { sub: "anne" })), "undecided");
});

test("tokens that were taken back are refused, within the age that is allowed", async () => {
  const { publisher, state, decide, asked } = await world();
  assert.equal(await decide("/me"), "authenticated");
  assert.equal(await refusal(() => decide("/me", { jti: "t1" })), "token_revoked");
  assert.equal(await refusal(() => decide("/documents/plan", { sub: "u1", iat: NOW - 100 })), "token_revoked");
  assert.equal(await refusal(() => decide("/me", { jti: undefined })), "claim_missing");
  assert.equal(await decide("/health", { jti: "t1" }), "public");
  // The server takes another one back: whoever asks later than the age knows.
  publisher.body = holding(HOLDERS, [["token", "j1"]]);
  publisher.rewritten = true;
  state.now += 2;
  assert.equal(await decide("/me"), "authenticated");
  assert.equal(asked.bundles, 1, "it is fresh");
  state.now += 3;
  assert.equal(await refusal(() => decide("/me")), "token_revoked");
});

test("what is due is renewed behind the request", async () => {
  const { publisher, state, decide, bundle } = await world();
  const carl = { sub: "carl" };
  assert.deepEqual(await decide("/documents/plan", carl), ["relation_required"]);
  publisher.change();
  state.now += 3;
  assert.deepEqual(await decide("/documents/plan", carl), ["relation_required"]);
  while ((await bundle.of("w1")).revision === 7) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(await decide("/documents/plan", carl), "relation");
});

test("without the server it goes on to its end, then fails closed, and recovers", async () => {
  const errors = [];
  const { state, decide, server } = await world({ onError: ({ code }) => errors.push(code) });
  assert.equal(await decide("/documents/plan"), "relation");
  state.down = true;
  for (const later of [10, 100, 299]) {
    state.now = NOW + later;
    assert.equal(await decide("/documents/plan"), "relation", `${later} s later`);
  }
  assert.ok(errors.length > 0 && errors.every((code) => code === "unavailable"), `${errors}`);
  state.now = NOW + 300;
  for (const path of ["/documents/plan", "/export", "/me"]) assert.equal(await refusal(() => decide(path)), "bundle_stale", path);
  assert.equal(await decide("/health"), "public");
  assert.deepEqual(await decide("/elsewhere"), ["no_rule"]);
  const asked = server.requests;
  assert.equal(await refusal(() => decide("/me")), "bundle_stale");
  assert.equal(server.requests, asked, "a server that fails is left alone for a moment");
  state.down = false;
  state.now += 20;
  assert.equal(await decide("/documents/plan"), "relation");
});

test("what never came is no answer, and is tried again", async () => {
  const { state, decide } = await world();
  state.down = true;
  assert.equal(await refusal(() => decide("/documents/plan")), "unavailable");
  assert.equal(await decide("/health"), "public");
  state.down = false;
  assert.equal(await refusal(() => decide("/documents/plan")), "unavailable", "not at once");
  state.now += 1;
  assert.equal(await decide("/documents/plan"), "relation");
});

test("users of another issuer and of another workspace have nothing here", async () => {
  const { decide, bundle, verifier, server } = await world({ workspaces: ["w1"] });
  assert.deepEqual(await decide("/documents/plan", { wid: "w2" }), ["relation_required"]);
  assert.deepEqual(await decide("/export", { wid: "w2" }), ["action_required"]);
  assert.deepEqual(await decide("/documents/plan", { wid: undefined }), ["relation_required"]);
  assert.equal(await decide("/me", { wid: "w2" }), "authenticated");
  assert.equal(server.requests, 0);
  assert.equal(await refusal(() => bundle.of("w2")), "undecided");
  const other = createVerifier({ issuer: "https://other.example.com", audience: "notes", jwks: jwks(keys("ES256")), rules: RULES, clock: () => NOW * 1000 });
  const claims = { iss: "https://other.example.com", aud: "notes", sub: "beth", wid: "w1" };
  const verified = await other.verify(sign("ES256", { claims }));
  assert.equal(await refusal(() => bundle.decide(other, { method: "GET", path: "/documents/plan" }, verified)), "undecided");
  assert.equal((await bundle.decide(other, { method: "GET", path: "/export" }, verified)).reason, "action_required");
  const question = { issuer: "https://other.example.com", userId: "beth", workspaceId: "w1", relation: "can_read", object: "document:plan" };
  assert.equal(await refusal(() => bundle.can(question)), "undecided");
  assert.equal(await bundle.can({ ...question, issuer: server.origin, workspaceId: "w2" }), false);
  await assert.rejects(bundle.decide(verifier, { method: "GET", path: "/me" }, verified), { code: "configuration_invalid" });
});

test("can: resources by the service's names, types of the workspace by their own", async () => {
  const { bundle, server } = await world({ ownTypes: ["document"] });
  const question = { issuer: server.origin, userId: "beth", workspaceId: "w1", relation: BETH.relation, object: BETH.object };
  assert.equal(await bundle.can(question), true);
  assert.equal(await bundle.can({ ...question, userId: "carl" }), false);
  // The vectors' model has no resources.
  assert.equal(await refusal(() => bundle.can({ ...question, object: "note:7" })), "configuration_invalid");
});

test("what it cannot tell is asked, where that is configured", async () => {
  const { publisher, asked, state, decide } = await world({ workspaces: ["w1"], undecided: "ask" });
  state.decision = true;
  assert.equal(await decide("/hours", { sub: "anne" }), "relation");
  assert.deepEqual(asked.checks, [["Bearer sk", { subject: { type: "user", id: "anne" }, action: { name: "viewer" }, resource: { type: "document", id: "hours" } }]]);
  state.decision = false;
  assert.deepEqual(await decide("/hours", { sub: "anne" }), ["relation_required"]);
  state.decision = "yes";
  assert.equal(await refusal(() => decide("/hours", { sub: "anne" })), "undecided");
  // What it can tell, nobody else is asked about.
  assert.deepEqual([await decide("/documents/plan", { sub: "carl" }), asked.checks.length], [["relation_required"], 3]);
  // Past its end: relations are asked, what was taken back stays so, and everything else is closed.
  state.claims = { exp: NOW + 1 };
  state.now = NOW + 400;
  publisher.body = Buffer.from("nonsense");
  publisher.rewritten = true;
  state.decision = true;
  assert.equal(await decide("/documents/plan", { sub: "carl" }), "relation");
  assert.equal(await refusal(() => decide("/documents/plan", { jti: "t1" })), "token_revoked");
  for (const path of ["/me", "/export"]) assert.equal(await refusal(() => decide(path)), "bundle_stale", path);
});

test("one holder for equal options in a process, until it is closed", async () => {
  const { options, decide, asked, bundle } = await world();
  assert.equal(await decide("/documents/plan"), "relation");
  const again = followBundle({ ...options });
  assert.equal(await again.of("w1"), await bundle.of("w1"));
  const other = followBundle({ ...options, maxAge: 1_000 });
  assert.notEqual(await other.of("w1"), await bundle.of("w1"));
  other.close();
  const held = await bundle.of("w1");
  again.close();
  assert.throws(() => held.check(BETH), { code: "unavailable" });
  assert.equal(await decide("/documents/plan"), "relation", "and begins anew");
  assert.equal(asked.bundles, 3);
});

test("settings that cannot be meant are refused with the first question", async () => {
  const good = { sentinelUrl: "https://a.example.com", serviceName: "notes", serviceKey: "sk" };
  for (const options of [
    undefined,
    {},
    { ...good, sentinelUrl: "http://a.example.com" },
    { ...good, serviceKey: undefined },
    { ...good, maxAge: 0 },
    { ...good, undecided: "allow" },
    { ...good, undecided: "ask" },
    { ...good, undecided: "ask", workspaces: ["w1", "w2"] },
    { ...good, undecided: "ask", workspaces: ["w1"], askUrl: "ftp://a.example.com/check" },
    { ...good, workspce: ["w1"] },
  ]) {
    const bundle = followBundle(options);
    assert.equal(await refusal(() => bundle.of("w1")), "configuration_invalid", JSON.stringify(options));
    bundle.close();
  }
});

test("a pair's second token says who it is", async () => {
  const { bundle, server, token } = await world();
  const both = { jwks: jwks(keys("ES256")), clock: () => NOW * 1000 };
  const identity = createVerifier({ ...both, issuer: "https://idp.example.com", audience: "app", profile: "oidc" });
  const authorization = createVerifier({ ...both, issuer: server.origin, audience: "sentinel:authz", rules: RULES });
  const pair = createTokenPair({ identity, authorization, service: "notes" });
  const theirs = sign("ES256", { claims: { iss: "https://idp.example.com", aud: "app", sub: "idp|beth" } });
  const ours = (claims) => token({ aud: "sentinel:authz", idp_sub: "idp|beth", svc: "notes", type: "authz", ...claims });
  const decide = async (path, claims) => {
    const verified = await pair.verify(theirs, ours(claims));
    return (await bundle.decide(pair, { method: "GET", path }, verified)).reason;
  };
  assert.equal(await decide("/documents/plan"), "relation");
  assert.equal(await decide("/documents/plan", { sub: "carl" }), "relation_required");
  assert.equal(await refusal(() => decide("/documents/plan", { jti: "t1" })), "token_revoked");
});

/** The guard of each kind of service, as a function from a path and headers to an answer. */
const GUARDS = {
  fetch: async (options) => {
    const handler = sentinelFetch(options, (request, { decision }) => new Response(decision.reason));
    return (path, headers) => handler(new Request(`https://notes.example.com${path}`, { headers }), {}, { waitUntil: () => {} });
  },
  hono: async (options) => {
    const guard = sentinelHono(options);
    return async (path, headers) => {
      const said = new Map();
      const c = { req: { raw: new Request(`https://notes.example.com${path}`, { headers }) }, res: new Response(), set: (name, value) => said.set(name, value) };
      return (await guard(c, async () => (c.res = new Response(said.get("sentinel").decision.reason)))) ?? c.res;
    };
  },
  express: async (options) => {
    const guard = sentinelExpress(options);
    const server = await serve((request, response) =>
      guard(request, response, (error) => {
        response.statusCode = error === undefined ? 200 : 500;
        response.end(error === undefined ? request.sentinel.decision.reason : JSON.stringify({ code: error.code }));
      }),
    );
    return (path, headers) => fetch(server.origin + path, { headers });
  },
};

for (const [name, guarded] of Object.entries(GUARDS)) {
  test(`${name}: a guard answers with what the bundle says`, async () => {
    const { bundle, verifier, token, state } = await world();
    const request = await guarded({ verifier, bundle });
    const ask = async (path, claims) => {
      const response = await request(path, claims === null ? {} : { authorization: `Bearer ${token(claims)}` });
      return [response.status, response.status === 200 ? await response.text() : (await response.json()).code];
    };
    assert.deepEqual(await ask("/documents/plan"), [200, "relation"]);
    assert.deepEqual(await ask("/documents/plan", { sub: "carl" }), [403, "relation_required"]);
    assert.deepEqual(await ask("/export"), [200, "action"]);
    assert.deepEqual(await ask("/export", { sub: "carl" }), [403, "action_required"]);
    assert.deepEqual(await ask("/documents/plan", null), [401, "unauthenticated"]);
    assert.deepEqual(await ask("/me", { jti: "t1" }), [401, "token_revoked"]);
    const failed = await ask("/unknown/plan").catch(({ code }) => [500, code]);
    assert.deepEqual(failed, [500, "configuration_invalid"]);
    state.down = true;
    state.now = NOW + 300;
    assert.deepEqual(await ask("/me"), [503, "bundle_stale"]);
    assert.deepEqual(await ask("/health"), [200, "public"]);
  });
}

test("revocations alone, and what follows them", async () => {
  const { service, ...demands } = DEMANDS;
  const time = { now: NOW };
  const manifest = (revision, more) => ({ kind: "revocations", revision, state: Buffer.alloc(32, revision).toString("base64url"), ...more });
  const first = frame(revocationsOf([["token", "t1"], ["session", "s1"]]), manifest(1), { life: 60 });
  const list = await openRevocations({ ...demands, jwks: JWKS, bytes: first, clock: () => time.now * 1000 });
  const says = (claims) => list.isRevoked({ jti: "t9", sub: "u9", wid: "w1", iat: NOW, ...claims });
  assert.deepEqual([says({}), says({ jti: "t1" }), says({ sid: "s1" }), says({ jti: "t2" })], [false, true, true, false]);
  assert.deepEqual([list.revision, list.notAfter], [1, (NOW + 60) * 1000]);
  assert.throws(() => says({ jti: undefined }), { code: "claim_missing" });
  const from = { from: 1, previous: Buffer.alloc(32, 1).toString("base64url") };
  const user = revocationsOf([["user", "u2", "", NOW + 5], ["member", "u3", "w1", NOW + 5]]);
  assert.equal(await list.apply(frame(user, manifest(2, from), { iat: NOW + 10, life: 60 })), true);
  assert.deepEqual([says({ sub: "u2" }), says({ sub: "u2", iat: NOW + 5 }), says({ sub: "u3" }), says({ sub: "u3", wid: "w2" })], [true, false, true, false]);
  assert.equal(says({ jti: "t1" }), true, "what was held stays");
  // What does not follow, is of another kind or another place changes nothing.
  const gap = frame(revocationsOf([]), manifest(4, { from: 3, previous: Buffer.alloc(32, 3).toString("base64url") }), { iat: NOW + 11 });
  assert.equal(await refusal(() => list.apply(gap)), "bundle_stale");
  assert.equal(await refusal(() => list.apply(first)), "bundle_stale");
  assert.equal(await refusal(() => list.apply(new Publisher().full({ iat: NOW + 12 }))), "bundle_invalid");
  assert.equal(await refusal(() => openBundle({ ...DEMANDS, jwks: JWKS, bytes: first, clock: () => NOW * 1000 })), "bundle_invalid");
  assert.throws(() => list.check(BETH), { code: "bundle_stale" });
  time.now = NOW + 70;
  assert.throws(() => says({}), (error) => error.name === "SentinelError" && error.code === "bundle_stale");
  list.close();
});

test("the feed: what the server's answers take back", async () => {
  const feed = await createRevocationFeed();
  const one = (kind, value, at = NOW, until = NOW + 900) => ({ seq: 1, kind, value, at: at * 1000, expires_at: until * 1000 });
  const answer = (last, ...revocations) => new TextEncoder().encode(JSON.stringify({ epoch: "e 1", last, revocations }));
  const says = (claims) => feed.isRevoked({ jti: "t9", sub: "u9", wid: "w1", iat: NOW, ...claims });
  assert.deepEqual([feed.after, feed.epoch], ["0", undefined]);
  assert.throws(() => says({}), { code: "unavailable" });
  assert.equal(feed.read(answer(7, one("token", "t1"), one("session", "s1"), one("user", "u2", NOW + 0.5), one("member", "u3/w1", NOW + 1)), NOW * 1000), true);
  assert.deepEqual([feed.after, feed.epoch], ["7", "e 1"]);
  for (const [claims, revoked] of [
    [{}, false],
    [{ jti: "t1" }, true],
    [{ sid: "s1" }, true],
    [{ sub: "u2" }, true],
    [{ sub: "u2", iat: NOW + 1 }, false],
    [{ sub: "u3" }, true],
    [{ sub: "u3", wid: "w2" }, false],
  ]) assert.equal(says(claims), revoked, JSON.stringify(claims));
  for (const claims of [{ jti: undefined }, { sub: "u2", iat: undefined }]) assert.throws(() => says(claims), { code: "claim_missing" });
  // A page that is full has another behind it; one that cannot be read changes nothing.
  const many = Array.from({ length: 1000 }, (_, at) => one("token", `m${at}`));
  assert.equal(feed.read(answer(1007, ...many), NOW * 1000), false);
  assert.deepEqual([says({ jti: "m0" }), says({ jti: "m999" }), says({ jti: "m1000" }), says({ jti: "t1" })], [true, true, false, true]);
  assert.throws(() => feed.read(answer(1008, one("token", "t8"), one("planet", "p1")), NOW * 1000), { code: "unavailable" });
  assert.deepEqual([says({ jti: "t8" }), feed.after], [false, "1007"]);
  assert.equal(feed.read(answer(1008, one("workspace", "w1", NOW + 1), one("all", "", NOW - 60)), NOW * 1000), true);
  assert.deepEqual([says({}), says({ wid: "w2" }), says({ wid: "w2", iat: NOW - 61 })], [true, false, true]);
  // What no living token can have is forgotten.
  assert.equal(feed.read(answer(1008), (NOW + 1201) * 1000), true);
  assert.equal(says({ jti: "t1" }), false);
  feed.close();
  assert.throws(() => says({}), (error) => error instanceof SentinelError && error.code === "unavailable");
});
