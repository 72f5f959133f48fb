// Relations at the gateway: decided by a signed bundle that the isolate holds.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { GATEWAY_KEY, origin } from "./origin.mjs";
import { placeOf, publisher, SERVICE_KEY, WORKSPACE } from "./publisher.mjs";
import { signer } from "./tokens.mjs";
import { gateway as start } from "./workerd.mjs";

const HOST = "http://app.test";
const EVALUATION_KEY = "whoever has this may ask at the edge, 32 bytes";
const TUPLES = ["note:1#editor@user:u1", "note:2#viewer@group:eng#member", "note:3#viewer@user:u2", "note:4#viewer@user:u1 in_hours"];
const CONFIG = {
  issuer: "https://id.example",
  audience: "notes",
  algorithms: ["ES256"],
  rules: [
    { method: "GET", path: "/notes/:id", allow: { relation: "can_read", object: "note:{id}" } },
    { method: "PUT", path: "/notes/:id", allow: { role: "editor", relation: "editor", object: "note:{id}" } },
    { method: "GET", path: "/houses/:id", allow: { relation: "can_read", object: "house:{id}" } },
    { method: "GET", path: "/me", allow: "authenticated" },
    { method: "GET", path: "/open", allow: "public" },
  ],
  relations: [{ issuer: "https://id.example", claim: "groups", user: "user:{sub}", relation: "member", object: "group:{value}" }],
};

/** A gateway that holds what this publisher says. */
async function holding(t, { us = signer("ES256", "k1"), publishes, behind, config, settings, bundle, bindings, ...more } = {}) {
  const published = publishes ?? (await publisher(t, us));
  if (publishes === undefined) published.store.tuples = TUPLES;
  const notes = behind ?? (await origin(t));
  const gateway = await start(
    t,
    {
      SENTINEL_CONFIG: { ...CONFIG, ...config },
      SENTINEL_JWKS: { keys: [us.jwk] },
      SENTINEL_GATEWAY: { origin: notes.url, service: "notes", bundle: { url: published.url, audience: "notes-backend", ...bundle }, ...settings },
      SENTINEL_GATEWAY_KEY: GATEWAY_KEY,
      SENTINEL_SERVICE_KEY: SERVICE_KEY,
      ...bindings,
    },
    more,
  );
  const token = (claims) => us.token({ jti: "t1", wid: WORKSPACE, wrole: "viewer", groups: [], ...claims });
  const ask = async (path, claims, init = {}) => {
    const authorization = claims === null ? {} : { authorization: `Bearer ${token(claims)}` };
    const response = await gateway.fetch(`${HOST}${path}`, { ...init, headers: { ...authorization, ...init.headers } });
    const body = await response.json();
    return { status: response.status, why: body?.code ?? body?.reason, headers: response.headers, body };
  };
  return { us, token, ask, gateway, published, behind: notes };
}

const said = ({ status, why }) => [status, why];

test("decides by what it holds, and asks nobody meanwhile", async (t) => {
  const { ask, published, behind } = await holding(t);
  const denied = [403, "relation_required"];
  for (const [path, claims, expected] of [
    ["/notes/1", {}, [200, undefined]],
    ["/notes/1", { sub: "u2" }, denied],
    ["/notes/2", {}, denied],
    ["/notes/2", { groups: ["eng"] }, [200, undefined]],
    ["/notes/3", { groups: ["eng"] }, denied],
    ["/notes/9", {}, denied],
    ["/notes/*", {}, denied],
    ["/notes/1:x", {}, denied],
    ["/notes/1%3Ax", {}, denied],
    ["/notes/1%23viewer", {}, [403, "path_refused"]],
    ["/notes/1", { sub: "*" }, denied],
    ["/notes/1", { wid: "another" }, denied],
    ["/notes/1", { wid: undefined }, denied],
    ["/notes/2", { groups: ["eng:x"] }, [401, "claim_invalid"]],
    ["/notes/4", {}, [503, "undecided"]],
    ["/houses/1", {}, [500, undefined]],
    ["/notes/1", null, [401, "unauthenticated"]],
    ["/me", {}, [200, undefined]],
    ["/open", null, [200, undefined]],
  ]) {
    assert.deepEqual(said(await ask(path, claims)), expected, `${path} ${JSON.stringify(claims)}`);
  }
  assert.deepEqual(said(await ask("/notes/1", {}, { method: "PUT" })), [403, "role_required"]);
  assert.equal((await ask("/notes/1", { wrole: "editor" }, { method: "PUT" })).status, 200);
  assert.deepEqual(said(await ask("/notes/2", { wrole: "editor" }, { method: "PUT" })), denied);
  assert.equal(published.asked.length, 1, "one bundle");
  const { headers } = await ask("/notes/1");
  assert.match(headers.get("server-timing"), /sentinel;dur=\d+;desc=relation, /);
  assert.equal(headers.get("cache-control"), "private, no-store");
  assert.ok(behind.received.every(({ url }) => !url.startsWith("/notes/3") && !url.startsWith("/notes/9")));
});

test("an action that the token does not carry is one of the roles that the bundle says its user has", async (t) => {
  const rules = [
    { method: "GET", path: "/export", allow: { action: "notes:export" } },
    { method: "GET", path: "/export/:id", allow: { action: "notes:export", relation: "can_read", object: "note:{id}" } },
    { method: "GET", path: "/any", allow: { anyAction: ["notes:purge", "notes:export"] } },
  ];
  const us = signer("ES256", "k1");
  const publishes = await publisher(t, us);
  Object.assign(publishes.store, {
    tuples: TUPLES,
    roles: { exporter: ["notes:export"], reader: ["notes:read"] },
    holders: [["user:u1", "exporter"], ["user:u2", "reader"]],
  });
  const { ask } = await holding(t, { us, publishes, config: { rules } });
  const denied = [403, "action_required"];
  for (const [path, claims, expected] of [
    ["/export", {}, [200, undefined]],
    ["/export", { sub: "u2" }, denied],
    ["/export", { sub: "u3" }, denied],
    ["/export", { sub: "*" }, denied],
    ["/export", { wid: "another" }, denied],
    ["/export", { wid: undefined }, denied],
    ["/export", null, [401, "unauthenticated"]],
    ["/export/1", {}, [200, undefined]],
    ["/export/3", {}, [403, "relation_required"]],
    ["/any", {}, [200, undefined]],
    ["/any", { sub: "u2" }, denied],
    // What a token does carry is what it may do.
    ["/export", { actions: ["notes:read"] }, denied],
    ["/export", { sub: "u3", actions: ["notes:export"] }, [200, undefined]],
  ]) {
    assert.deepEqual(said(await ask(path, claims)), expected, `${path} ${JSON.stringify(claims)}`);
  }
});

test("of a bundle that does not say who has which role nobody has an action", async (t) => {
  const us = signer("ES256", "k1");
  const publishes = await publisher(t, us);
  Object.assign(publishes.store, { tuples: TUPLES, roles: { exporter: ["notes:export"] } });
  const { ask } = await holding(t, { us, publishes, config: { rules: [{ method: "GET", path: "/export", allow: { action: "notes:export" } }] } });
  assert.deepEqual(said(await ask("/export")), [503, "undecided"]);
});

test("says in the log which revision decided", async (t) => {
  const log = [];
  const { ask, published } = await holding(t, { settings: { log: "all" }, log });
  published.store.revision = 41;
  await ask("/notes/1");
  await ask("/notes/3");
  const lines = () => log.join("").split("\n").filter((line) => line.includes('"event":"decision"')).map((line) => JSON.parse(line));
  for (let waited = 0; lines().length < 2 && waited < 100; waited += 1) await later(50);
  assert.deepEqual(lines().map(({ allow, why, revision }) => [allow, why, revision]), [[true, "relation", 41], [false, "relation_required", 41]]);
});

test("no request waits for a newer bundle, and the next one has it", async (t) => {
  const { ask, published } = await holding(t, { bundle: { maxAge: 0 } });
  assert.equal((await ask("/notes/1")).status, 200);
  published.store.tuples = [...TUPLES, "note:9#viewer@user:u1"];
  published.store.revision = 2;
  const open = published.hold();
  const before = published.asked.length;
  assert.deepEqual(said(await ask("/notes/9")), [403, "relation_required"], "answered while the publisher is silent");
  await published.askedAgain(before);
  assert.match(published.asked.at(-1), /\?since=[\w-]{43}$/, "only what changed");
  open();
  for (let waited = 0; (await ask("/notes/9")).status !== 200; waited += 1) {
    assert.ok(waited < 100, "the change never came");
    await later(20);
  }
  published.store.tuples = TUPLES;
  published.store.revision = 3;
  for (let waited = 0; (await ask("/notes/9")).status !== 403; waited += 1) {
    assert.ok(waited < 100, "what was taken away never went");
    await later(20);
  }
});

test("what is too old is waited for", async (t) => {
  const { ask, published } = await holding(t, { bundle: { maxAge: 0, staleWhileRevalidate: 0 } });
  assert.equal((await ask("/notes/9")).status, 403);
  published.store.tuples = [...TUPLES, "note:9#viewer@user:u1"];
  published.store.revision = 2;
  assert.equal((await ask("/notes/9")).status, 200);
});

test("a user or a token that was taken back has no relations", async (t) => {
  const { ask, published } = await holding(t, { bundle: { maxAge: 0, staleWhileRevalidate: 0 } });
  assert.equal((await ask("/notes/1")).status, 200);
  published.store.users = [["u1", Math.floor(Date.now() / 1000) + 1]];
  assert.deepEqual(said(await ask("/notes/1")), [401, "token_revoked"]);
  assert.equal((await ask("/notes/3", { sub: "u2" })).status, 200);
  published.store.revoked = ["t1"];
  assert.deepEqual(said(await ask("/notes/3", { sub: "u2" })), [401, "token_revoked"]);
  assert.equal((await ask("/notes/3", { sub: "u2", jti: "t2" })).status, 200);
});

test("what was taken back stays so after the bundle's end, and nobody else is asked about it", async (t) => {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    response.setHeader("content-type", "application/json").end('{"decision":true}');
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  t.after(() => server.close().closeAllConnections());
  const us = signer("ES256", "k1");
  const published = await publisher(t, us);
  Object.assign(published.store, { tuples: TUPLES, revoked: ["t1"], life: 3 });
  const { ask } = await holding(t, {
    us,
    publishes: published,
    config: { relations: [] },
    bundle: { maxAge: 0, staleWhileRevalidate: 0 },
    settings: { undecided: "ask", ask: `http://127.0.0.1:${server.address().port}/access/v1/evaluation` },
  });
  assert.deepEqual(said(await ask("/notes/1")), [401, "token_revoked"]);
  assert.equal((await ask("/notes/1", { jti: "t2" })).status, 200);
  assert.deepEqual(asked, [], "the bundle has an answer");
  published.store.down = true;
  const began = Date.now();
  // The server is asked about other tokens once the bundle has ended: then it has.
  while (asked.length === 0) {
    assert.equal((await ask("/notes/1", { jti: "t2" })).status, 200);
    assert.ok(Date.now() - began < 30_000, "it never ended");
    await later(100);
  }
  const before = asked.length;
  assert.deepEqual(said(await ask("/notes/1")), [401, "token_revoked"]);
  assert.equal(asked.length, before, "not about what is known to be taken back");
});

test("answers until the bundle's end while the server is down, then opens nothing, and recovers", async (t) => {
  const { ask, published } = await holding(t, { bundle: { maxAge: 0, staleWhileRevalidate: 0 } });
  published.store.life = 4;
  const began = Date.now();
  assert.equal((await ask("/notes/1")).status, 200);
  published.store.down = true;
  assert.equal((await ask("/notes/1")).status, 200, "what is held goes on");
  let answer;
  do {
    await later(100);
    answer = await ask("/notes/1");
    assert.ok(Date.now() - began < 30_000, "it never ended");
  } while (answer.status === 200);
  assert.deepEqual(said(answer), [503, "bundle_stale"]);
  assert.equal(answer.headers.get("retry-after"), "5");
  assert.equal((await ask("/me")).status, 200, "what needs no relation goes on");
  published.store.down = false;
  for (const since = Date.now(); (await ask("/notes/1")).status !== 200; await later(100)) assert.ok(Date.now() - since < 30_000, "it never recovered");
});

const flipped = (at) => (file) => {
  const spoilt = Buffer.from(file);
  spoilt[at < 0 ? file.length + at : at] ^= 1;
  return spoilt;
};

test("nothing is taken that is not whole, ours and for us", async (t) => {
  const us = signer("ES256", "k1");
  const behind = await origin(t);
  for (const [name, change] of [
    ["the frame's mark", { spoil: flipped(0) }],
    ["the manifest's length", { spoil: flipped(4) }],
    ["the manifest's header", { spoil: flipped(12) }],
    ["the manifest's claims", { spoil: flipped(150) }],
    ["the signature", { spoil: (file) => flipped(8 + file.readUInt32LE(4) - 20)(file) }],
    ["the body's first byte", { spoil: (file) => flipped(8 + file.readUInt32LE(4))(file) }],
    ["the body's last byte", { spoil: flipped(-1) }],
    ["the body cut short", { spoil: (file) => file.subarray(0, -1) }],
    ["a byte more", { spoil: (file) => Buffer.concat([file, Buffer.alloc(1)]) }],
    ["nothing", { spoil: () => Buffer.alloc(0) }],
    ["another audience", { audience: "mail-backend" }],
    ["another workspace", { scope: { workspace: "another" } }],
    ["another service", { scope: { service: "mail-backend" } }],
    ["one user's slice", { scope: { user: "user:u1" } }],
    ["another issuer", { issuer: "https://other.example" }],
    ["past its end", { now: -400 }],
  ]) {
    const publishes = await publisher(t, us);
    Object.assign(publishes.store, { tuples: TUPLES }, change);
    const { ask } = await holding(t, { us, publishes, behind });
    assert.deepEqual(said(await ask("/notes/1")), [503, "unavailable"], name);
  }
  const publishes = await publisher(t, signer("ES256", "k1"));
  publishes.store.tuples = TUPLES;
  assert.deepEqual(said(await (await holding(t, { us, publishes, behind })).ask("/notes/1")), [503, "unavailable"], "another key of the same name");
  assert.deepEqual(behind.received, []);
});

test("an older bundle is refused by the next isolate too, where KV remembers", async (t) => {
  const us = signer("ES256", "k1");
  const publishes = await publisher(t, us);
  publishes.store.tuples = TUPLES;
  const kvPersist = await mkdtemp(join(tmpdir(), "sentinel-kv-"));
  t.after(() => rm(kvPersist, { recursive: true, force: true }));
  const isolate = () => holding(t, { us, publishes, bundle: { cache: false }, kvNamespaces: ["SENTINEL_STATE"], kvPersist });
  publishes.store.revision = 7;
  const first = await isolate();
  assert.equal((await first.ask("/notes/1")).status, 200);
  const place = `bundle.${placeOf("https://id.example", "notes-backend", WORKSPACE, "notes-backend")}`;
  const state = await first.gateway.kv("SENTINEL_STATE");
  for (let waited = 0; (await state.get(place)) === null; waited += 1) {
    assert.ok(waited < 100, "nothing was remembered");
    await later(20);
  }
  assert.match(await state.get(place), /^1\.7\.\d+\.[\w-]{43}$/);
  publishes.store.revision = 6;
  assert.deepEqual(said(await (await isolate()).ask("/notes/1")), [503, "unavailable"]);
  publishes.store.revision = 7;
  assert.equal((await (await isolate()).ask("/notes/1")).status, 200);
  await state.put(place, "1.x");
  assert.deepEqual(said(await (await isolate()).ask("/notes/1")), [503, "unavailable"], "what cannot be read is not nothing");
});

test("of two answers on their way at once the older one does not replace the newer", async (t) => {
  const us = signer("ES256", "k1");
  const publishes = await publisher(t, us);
  publishes.store.tuples = TUPLES;
  const { ask } = await holding(t, { us, publishes, bundle: { cache: false } });
  const arrive = publishes.delay();
  const first = ask("/notes/1");
  await publishes.askedAgain(0);
  publishes.store.revision = 2;
  publishes.store.tuples = [];
  while (publishes.delayed() === 0) await later(5);
  assert.deepEqual(said(await ask("/notes/1")), [403, "relation_required"]);
  arrive();
  assert.deepEqual(said(await first), [403, "relation_required"], "what came late");
  assert.deepEqual(said(await ask("/notes/1")), [403, "relation_required"], "and after it");
});

test("the next isolate begins with what the cache kept, and believes it no more than the network", async (t) => {
  const us = signer("ES256", "k1");
  const publishes = await publisher(t, us);
  publishes.store.tuples = TUPLES;
  const cachePersist = await mkdtemp(join(tmpdir(), "sentinel-cache-"));
  t.after(() => rm(cachePersist, { recursive: true, force: true }));
  const isolate = (more) => holding(t, { us, publishes, cachePersist, ...more });
  const first = await isolate();
  assert.equal((await first.ask("/notes/1")).status, 200);
  const cache = await first.gateway.cache("sentinel-bundles");
  const url = `https://bundles.sentinel.invalid/${placeOf("https://id.example", "notes-backend", WORKSPACE, "notes-backend")}`;
  let kept;
  for (let waited = 0; (kept = await cache.match(url)) === undefined; waited += 1) {
    assert.ok(waited < 100, "nothing was kept");
    await later(20);
  }
  const file = Buffer.from(await kept.arrayBuffer());
  assert.equal(file.subarray(0, 4).toString(), "SNTB");
  publishes.store.down = true;
  assert.equal((await (await isolate()).ask("/notes/1")).status, 200, "with no server");
  assert.deepEqual(said(await (await isolate({ bundle: { cache: false } })).ask("/notes/1")), [503, "unavailable"]);
  await first.gateway.put(cache, url, flipped(-1)(file));
  assert.deepEqual(said(await (await isolate()).ask("/notes/1")), [503, "unavailable"], "not the one that was signed");
  assert.equal((await fetch(new URL(publishes.url).origin)).status, 503);
});

test("each workspace has its bundle, where it is allowed", async (t) => {
  const us = signer("ES256", "k1");
  const publishes = await publisher(t, us);
  publishes.store.tuples = TUPLES;
  const url = publishes.url.replace(WORKSPACE, "{workspace}");
  const { ask } = await holding(t, { us, publishes: { ...publishes, url }, config: { allowedWorkspaces: ["w1", "w2"] } });
  assert.equal((await ask("/notes/1", { wid: "w1" })).status, 200);
  assert.equal((await ask("/notes/1", { wid: "w2" })).status, 200);
  assert.deepEqual(said(await ask("/notes/1", { wid: "w3" })), [403, "workspace_not_allowed"]);
  assert.deepEqual(said(await ask("/notes/1", { wid: "../w1" })), [403, "workspace_not_allowed"]);
  assert.deepEqual(publishes.asked.map((path) => path.split("/")[4]), ["w1", "w2"]);
});

test("another issuer's user of the same name is somebody else", async (t) => {
  const other = signer("ES256", "o1");
  const issuer = { config: { issuer: "https://other.example", audience: "notes", algorithms: ["ES256"] }, jwks: { keys: [other.jwk] } };
  const { gateway } = await holding(t, { settings: { issuers: [issuer] } });
  const token = other.token({ iss: "https://other.example", jti: "t1", wid: WORKSPACE, wrole: "owner", groups: [] });
  const response = await gateway.fetch(`${HOST}/notes/1`, { headers: { authorization: `Bearer ${token}` } });
  assert.deepEqual([response.status, (await response.json()).code], [503, "undecided"]);
});

test("the role table of three roles, and whose data it is, before the origin", async (t) => {
  const { ask, published } = await holding(t, {
    config: {
      profile: { userId: ["sub"], workspaceId: ["wid"], role: ["role"] },
      roleOrder: ["viewer", "analyst", "admin"],
      rules: [
        { method: "GET", path: "/data/:id", allow: { role: "viewer", relation: "viewer", object: "note:{id}" } },
        { method: "POST", path: "/queries", allow: { role: "analyst" } },
        { method: "*", path: "/users/**", allow: { role: "admin" } },
      ],
    },
  });
  published.store.tuples = ["note:own#viewer@user:u1"];
  for (const [method, path, allowed] of [
    ["GET", "/data/own", ["viewer", "analyst", "admin"]],
    ["GET", "/data/other", []],
    ["POST", "/queries", ["analyst", "admin"]],
    ["DELETE", "/users/3", ["admin"]],
  ]) {
    for (const role of ["viewer", "analyst", "admin", "owner", "Admin"]) {
      assert.equal((await ask(path, { role }, { method })).status, allowed.includes(role) ? 200 : 403, `${method} ${path} as ${role}`);
    }
    assert.equal((await ask(path, null, { method })).status, 401);
  }
});

test("AuthZEN at the edge, for whoever has the key", async (t) => {
  const { gateway, token, published } = await holding(t, { bindings: { SENTINEL_EVALUATION_KEY: EVALUATION_KEY } });
  const post = async (path, body, headers = { authorization: `Bearer ${EVALUATION_KEY}` }) => {
    const response = await gateway.fetch(`${HOST}${path}`, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } });
    return { status: response.status, headers: response.headers, body: await response.json() };
  };
  const [ONE, MANY] = ["/access/v1/evaluation", "/access/v1/evaluations"];
  const question = (user, note, more) => ({ subject: { type: "user", id: user }, action: { name: "can_read" }, resource: { type: "note", id: note }, ...more });
  for (const [name, headers] of [
    ["no key", {}],
    ["a wrong key", { authorization: `Bearer ${EVALUATION_KEY}x` }],
    ["a beginning of it", { authorization: `Bearer ${EVALUATION_KEY.slice(0, -1)}` }],
    ["an empty one", { authorization: "Bearer " }],
    ["another scheme", { authorization: `Basic ${EVALUATION_KEY}` }],
    ["the service key", { "x-service-key": SERVICE_KEY }],
    ["a user's token", { authorization: `Bearer ${token()}` }],
  ]) {
    for (const path of [ONE, MANY]) assert.equal((await post(path, question("u1", "1"), headers)).status, 401, name);
  }
  assert.equal(published.asked.length, 0, "nothing is done for them");
  const answer = await post(ONE, question("u1", "1"), { "x-service-key": EVALUATION_KEY, "x-request-id": "r1" });
  assert.deepEqual([answer.status, answer.body, answer.headers.get("x-request-id")], [200, { decision: true }, "r1"]);
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.deepEqual((await post(ONE, question("u2", "1"))).body, { decision: false });
  assert.deepEqual((await post(ONE, question("u1", "4", { context: { hour: 10 } }))).body, { decision: true });
  assert.deepEqual((await post(ONE, question("u1", "4", { context: { hour: 20 } }))).body, { decision: false });
  assert.deepEqual([(await post(ONE, question("u1", "4"))).status, (await post(ONE, question("u1", "4"))).body.code], [503, "undecided"]);
  for (const bad of [{}, question("", "1"), question("u1", "*"), question("u1", "1#viewer"), question("u1", "1", { action: { name: "eats" } }), [], null, { ...question("u1", "1"), subject: 1 }]) {
    assert.equal((await post(ONE, bad)).status, 400, JSON.stringify(bad));
  }
  assert.equal((await post(ONE, question("u1", "1"), { authorization: `Bearer ${EVALUATION_KEY}`, "content-type": "text/plain" })).status, 400);
  assert.equal((await post(ONE, question("u1", "x".repeat(300_000)))).status, 413);
  assert.equal((await post(`${ONE}?workspace=another`, question("u1", "1"))).status, 404);

  const common = { subject: { type: "user", id: "u1" }, action: { name: "can_read" } };
  const of = (...notes) => ({ ...common, evaluations: notes.map((id) => ({ resource: { type: "note", id } })) });
  const decisions = async (asked) => (await post(MANY, asked)).body.evaluations.map(({ decision }) => decision);
  assert.deepEqual(await decisions(of("1", "3", "2")), [true, false, false]);
  assert.deepEqual(await decisions({ ...of("1", "3", "2"), options: { evaluations_semantic: "deny_on_first_deny" } }), [true, false]);
  assert.deepEqual(await decisions({ ...of("3", "1", "2"), options: { evaluations_semantic: "permit_on_first_permit" } }), [false, true]);
  const { evaluations } = (await post(MANY, of("4", "1#x", "1"))).body;
  assert.deepEqual(evaluations.map(({ decision, context }) => [decision, context?.error.status]), [[false, 503], [false, 400], [true, undefined]]);
  assert.deepEqual((await post(MANY, question("u1", "1"))).body, { decision: true });
  assert.equal((await post(MANY, of(...Array(101).fill("1")))).status, 400);
  assert.equal((await post(MANY, { ...of("1"), options: { evaluations_semantic: "any" } })).status, 400);
  assert.equal((await gateway.fetch(`${HOST}${ONE}`)).status, 401, "only as the API has it: else it is a path like others");
});

test("without its key there is no such API", async (t) => {
  const { ask } = await holding(t);
  const headers = { "content-type": "application/json", "x-service-key": EVALUATION_KEY };
  assert.deepEqual(said(await ask("/access/v1/evaluation", {}, { method: "POST", body: "{}", headers })), [403, "no_rule"]);
});

test("a wrong setting of the bundle lets nothing through", async (t) => {
  const behind = await origin(t);
  const url = `https://id.example/bundles/v1/workspaces/${WORKSPACE}`;
  for (const [name, more] of [
    ["no service key", { bindings: { SENTINEL_SERVICE_KEY: undefined } }],
    ["an unknown member", { bundle: { url, maxage: 5 } }],
    ["in the clear", { bundle: { url: url.replace("https", "http") } }],
    ["no workspace in the URL", { bundle: { url: "https://id.example/bundle" } }],
    ["a query", { bundle: { url: `${url}?since=x` } }],
    ["any workspace", { bundle: { url: url.replace(WORKSPACE, "{workspace}") } }],
    ["a workspace that is none", { bundle: { url: url.replace(WORKSPACE, "{workspace}") }, config: { allowedWorkspaces: ["../admin"] } }],
    ["several issuers and none for it", { bundle: { url }, config: { issuer: ["https://id.example", "https://b.example"], relations: [] } }],
    ["ask without whom", { bundle: { url }, settings: { undecided: "ask" } }],
    ["whom without ask", { bundle: { url }, settings: { ask: "https://id.example/access/v1/evaluation" } }],
    ["ask something else", { bundle: { url }, settings: { undecided: "ask", ask: "https://id.example/login" } }],
    ["ask one store about several workspaces", {
      bundle: { url: url.replace(WORKSPACE, "{workspace}") },
      config: { allowedWorkspaces: ["w1", "w2"] },
      settings: { undecided: "ask", ask: "https://id.example/stores/s1/check" },
    }],
    ["a short evaluation key", { bundle: { url }, bindings: { SENTINEL_EVALUATION_KEY: "short" } }],
  ]) {
    const { ask } = await holding(t, { behind, ...more });
    for (const path of ["/notes/1", "/open"]) {
      const { status, body } = await ask(path);
      assert.deepEqual([status, body.detail], [500, "the Worker cannot decide"], name);
    }
  }
  assert.deepEqual(behind.received, []);
});
