// Bundles by URL, against real HTTP servers; what bundles say is in the vectors (tests/policy/bundles.json).
import assert from "node:assert/strict";
import * as crypto from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, test } from "node:test";
import { openBundle, SentinelError } from "sentinel-edge/bundle";
import * as slim from "sentinel-edge/bundle/slim";
import * as web from "sentinel-edge/bundle/web";
import { createVerifier } from "sentinel-edge";
import { BETH, CARL, DEMANDS, frame, JWKS, Publisher } from "./bundles.mjs";
import { json, jwks, keys, NOW, refusal, serve, settings, sign } from "./support.mjs";

const require = createRequire(import.meta.url);
const TYPE = { "content-type": "application/vnd.sentinel.bundle" };

/** A publisher behind HTTP. `answer(request, response)` may answer itself, and says so. */
async function published(answer = () => false) {
  const publisher = new Publisher();
  const asked = [];
  const streams = new Set();
  const server = await serve((request, response) => {
    const url = new URL(request.url, "http://localhost");
    const { "if-none-match": etag, ...headers } = request.headers;
    const since = url.searchParams.get("since");
    asked.push({ path: url.pathname, since, etag, headers });
    if (answer(request, response, publisher)) return;
    if (url.pathname.endsWith("/events")) {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`event: changed\ndata: {"revision":${publisher.revision}}\n\n`);
      streams.add(response);
      response.on("close", () => streams.delete(response));
      return;
    }
    // As long as nothing changed and half of its life is left, the last one is still good.
    const name = `"${since === null ? "full" : publisher.state}"`;
    if (etag === name && since === publisher.state && !publisher.renews) return response.writeHead(304, { etag: name }).end();
    const bytes = since === null ? publisher.full({ ...publisher.more, ...publisher.claims }) : publisher.since(since, publisher.more);
    response.writeHead(200, { ...TYPE, etag: name }).end(bytes);
  });
  const url = `${server.origin}/bundles/v1/workspaces/w1`;
  /** Says that something changed, as the server does. */
  const tell = () => streams.forEach((stream) => stream.write("event: changed\r\ndata: {}\r\n\r\n"));
  return { publisher, asked, url, server, streams, tell, bundles: () => asked.filter(({ path }) => !path.endsWith("/events")) };
}

async function open(url, more = {}) {
  const time = { now: NOW * 1000 };
  const bundle = await openBundle({ ...DEMANDS, jwks: JWKS, url, clock: () => time.now, ...more });
  after(() => bundle.close());
  return { bundle, pass: (seconds) => (time.now += seconds * 1000) };
}

/** Until something holds, 10 s at most. */
async function until(what, holds) {
  for (let tries = 0; tries < 1000; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`not within 10 s: ${what}`);
}

test("entries: import, require, slim", async () => {
  const bytes = new Publisher().full();
  for (const entry of [await import("sentinel-edge/bundle"), require("sentinel-edge/bundle"), slim, require("sentinel-edge/bundle/slim")]) {
    assert.deepEqual(Object.keys(entry).sort(), ["SentinelError", "openBundle"]);
    for (const given of [bytes, new Uint8Array(bytes), new Uint8Array(bytes).buffer]) {
      const bundle = await entry.openBundle({ ...DEMANDS, jwks: JSON.stringify(JWKS), bytes: given, clock: () => NOW * 1000 });
      assert.deepEqual([bundle.check(BETH), bundle.check(CARL)], [true, false]);
      assert.ok(bundle.memoryBytes > 0);
      bundle.close();
      assert.throws(() => bundle.check(BETH), { code: "unavailable" });
    }
  }
  // Node's fetch does not read files.
  assert.equal(await refusal(() => web.openBundle({ ...DEMANDS, jwks: JWKS, bytes })), "unavailable");
});

test("options that say nothing, too much, or something else than they must", async () => {
  const bytes = new Publisher().full();
  const good = { ...DEMANDS, jwks: JWKS, bytes, clock: () => NOW * 1000 };
  await openBundle(good);
  const without = (name) => Object.fromEntries(Object.entries(good).filter(([other]) => other !== name));
  for (const [options, code] of [
    [undefined, "configuration_invalid"],
    [{ ...good, servce: "notes" }, "configuration_invalid"],
    [{ ...good, issuer: null }, "configuration_invalid"],
    [{ ...good, audience: ["notes"] }, "configuration_invalid"],
    [without("workspace"), "configuration_invalid"],
    [without("jwks"), "configuration_invalid"],
    [without("bytes"), "configuration_invalid"],
    [{ ...good, url: "https://example.com/" }, "configuration_invalid"],
    [{ ...without("bytes"), url: "http://example.com/" }, "configuration_invalid"],
    [{ ...without("bytes"), url: "https://me:secret@example.com/" }, "configuration_invalid"],
    [{ ...without("bytes"), url: "/bundles" }, "configuration_invalid"],
    [{ ...good, jwksUrl: "https://example.com/" }, "configuration_invalid"],
    [{ ...good, algorithms: ["HS256"] }, "configuration_invalid"],
    [{ ...good, algorithms: "ES256" }, "configuration_invalid"],
    [{ ...good, user: 7 }, "configuration_invalid"],
    [{ ...good, maxBytes: -1 }, "configuration_invalid"],
    [{ ...good, maxBytes: 1e12 }, "configuration_invalid"],
    [{ ...good, maxDepth: 1.5 }, "configuration_invalid"],
    [{ ...good, store: {} }, "configuration_invalid"],
    [{ ...good, timeout: 0 }, "configuration_invalid"],
    [{ ...good, bytes: "SNTB" }, "configuration_invalid"],
    [{ ...good, jwks: { keys: [] } }, "key_not_found"],
    [{ ...good, jwks: "nonsense" }, "key_unusable"],
    [{ ...good, algorithms: ["RS256"] }, "bundle_invalid"],
    [{ ...good, maxBytes: 10 }, "bundle_invalid"],
    [{ ...good, issuer: "\ud800" }, "configuration_invalid"],
    [{ ...good, clock: () => Number.NaN }, "unavailable"],
    [{ ...good, clock: () => 0 }, "unavailable"],
  ]) {
    assert.equal(await refusal(() => openBundle(options)), code, JSON.stringify(options));
  }
});

test("questions that are none throw, and so does what cannot be read", async () => {
  const bundle = await openBundle({ ...DEMANDS, jwks: JWKS, bytes: new Publisher().full(), clock: () => NOW * 1000 });
  const hostile = { get user() { throw new Error("no"); } };
  for (const question of [undefined, {}, { ...BETH, user: 7 }, { ...BETH, atLeast: "7" }, { ...BETH, atLeast: Number.NaN }, { ...BETH, atLeast: 2 ** 60 }, { ...BETH, user: "\ud800" }]) {
    assert.throws(() => bundle.check(question), { code: "configuration_invalid" });
  }
  for (const more of [{ contextualTuples: {} }, { contextualTuples: [{}] }, { contextualTuples: [{ ...BETH, condition: {} }] }, { context: [] }]) {
    assert.throws(() => bundle.check({ ...BETH, ...more }), { code: "configuration_invalid" });
  }
  assert.throws(() => bundle.check({ ...BETH, context: { at: 1n } }), { code: "unavailable" });
  assert.throws(() => bundle.check(hostile));
  assert.throws(() => bundle.listObjects({ user: "user:beth" }), { code: "configuration_invalid" });
  assert.throws(() => bundle.isRevoked(null), { code: "configuration_invalid" });
  assert.equal(await refusal(() => bundle.refresh()), "configuration_invalid");
  assert.throws(() => bundle.follow(), { code: "configuration_invalid" });
  assert.equal(bundle.check({ ...BETH, user: "user:ünïcode" }), false);
});

test("a verifier refuses what the bundle says was taken back", async () => {
  const bundle = await openBundle({ ...DEMANDS, jwks: JWKS, bytes: new Publisher().full(), clock: () => NOW * 1000 });
  const verifier = createVerifier(settings({ jwks: jwks(keys("ES256")), revoked: ({ claims }) => bundle.isRevoked(claims) }));
  const token = (claims) => sign("ES256", { claims });
  assert.equal((await verifier.verify(token({ jti: "t2", sub: "u9" }))).claims.sub, "u9");
  assert.equal(await refusal(() => verifier.verify(token({ jti: "t1", sub: "u9" }))), "token_revoked");
  assert.equal(await refusal(() => verifier.verify(token({ jti: "t2", sub: "u1", iat: NOW - 100 }))), "token_revoked");
  bundle.close();
  assert.equal(await refusal(() => verifier.verify(token({ jti: "t2", sub: "u9" }))), "unavailable");
});

test("what changed is fetched as a delta, and nothing where nothing did", async () => {
  const { publisher, asked, url } = await published();
  const { bundle, pass } = await open(url, { headers: () => ({ "x-service-key": "k" }) });
  const told = [];
  bundle.subscribe(() => told.push(bundle.revision));
  assert.deepEqual([asked[0].since, asked[0].etag, asked[0].headers.accept, asked[0].headers["x-service-key"]], [null, undefined, TYPE["content-type"], "k"]);
  assert.deepEqual([bundle.revision, bundle.notAfter, bundle.check(CARL)], [7, (NOW + 300) * 1000, false]);

  assert.equal(await bundle.refresh(), false, "an empty delta");
  assert.equal(await bundle.refresh(), false, "304");
  assert.deepEqual(asked.slice(1).map(({ since, etag }) => [since, etag]), [[publisher.state, '"full"'], [publisher.state, `"${publisher.state}"`]]);

  publisher.change();
  const before = bundle.state;
  assert.deepEqual(await Promise.all([bundle.refresh(), bundle.refresh(), bundle.refresh()]), [true, true, true]);
  assert.equal(asked.length, 4, "at once: one request");
  assert.equal(asked[3].since, before);
  assert.deepEqual([bundle.revision, bundle.check(CARL), bundle.check({ ...CARL, atLeast: 8 })], [8, true, true]);
  assert.throws(() => bundle.check({ ...CARL, atLeast: 9 }), { code: "bundle_stale" });
  assert.deepEqual(told, [8]);

  pass(299);
  assert.equal(bundle.check(CARL), true);
  pass(1);
  assert.throws(() => bundle.check(CARL), (error) => error instanceof SentinelError && error.code === "bundle_stale");
  publisher.renews = true;
  publisher.more = { iat: NOW + 300 };
  assert.equal(await bundle.refresh(), false);
  assert.deepEqual([bundle.check(CARL), bundle.notAfter], [true, (NOW + 600) * 1000]);
  assert.deepEqual(told, [8, 8], "what had ended answers again: that is told");
});

test("where a delta does not follow, all of it is fetched", async () => {
  const strange = () => frame(Buffer.from([1, 2]), { kind: "delta", revision: 9, from: 8, previous: "A".repeat(43), state: "B".repeat(42) + "A" });
  for (const answer of [strange, () => Buffer.from("nonsense"), () => Buffer.alloc(0)]) {
    const { asked, url } = await published((request, response) => {
      if (!request.url.includes("since=")) return false;
      response.writeHead(200, TYPE).end(answer());
      return true;
    });
    const { bundle } = await open(url);
    assert.equal(await bundle.refresh(), false);
    assert.deepEqual(asked.map(({ since }) => since !== null), [false, true, false]);
    assert.equal(bundle.check(BETH), true);
  }
});

test("hostile and broken answers: refused, and what is held answers on", async () => {
  const over = (response) => {
    response.writeHead(200, TYPE);
    const more = () => response.write(Buffer.alloc(65_536), () => response.destroyed || setImmediate(more));
    more();
  };
  for (const [name, code, answer] of [
    ["500", "unavailable", (response) => response.writeHead(500).end()],
    ["429", "unavailable", (response) => response.writeHead(429).end()],
    ["401", "login_required", (response) => response.writeHead(401).end()],
    ["403", "request_refused", (response) => response.writeHead(403).end()],
    ["404", "request_refused", (response) => response.writeHead(404).end()],
    ["204", "request_refused", (response) => response.writeHead(204).end()],
    ["a redirect", "request_refused", (response) => response.writeHead(307, { location: "https://evil.example.com/" }).end()],
    ["a longer one than it may be", "bundle_invalid", (response) => response.writeHead(200, { "content-length": 1e9 }).end("x")],
    ["one without an end", "bundle_invalid", over],
    ["one that breaks off", "unavailable", (response) => (response.writeHead(200, { "content-length": 100 }), response.write("SNTB"), setTimeout(() => response.destroy(), 10))],
    ["none", "unavailable", () => {}],
    ["none, and the connection is gone", "unavailable", (response) => response.destroy()],
    ["signed by another", "bundle_invalid", (response) => response.writeHead(200, TYPE).end(new Publisher().full({ pair: crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey }))],
    ["of another key", "key_not_found", (response) => response.writeHead(200, TYPE).end(new Publisher().full({ kid: "k2" }))],
    ["of another workspace", "bundle_invalid", (response) => response.writeHead(200, TYPE).end(frame(Buffer.from([1, 1]), { workspace: "w2", kind: "full", revision: 9, state: "A".repeat(43) }))],
    ["older", "bundle_stale", (response) => response.writeHead(200, TYPE).end(new Publisher().full({ iat: NOW - 10 }))],
  ]) {
    let hostile = false;
    const { url, server } = await published((_, response) => hostile && (answer(response), true));
    const { bundle } = await open(url, { timeout: 500, maxBytes: 1_000_000 });
    const known = bundle.state;
    hostile = true;
    assert.equal(await refusal(() => bundle.refresh()), code, name);
    assert.deepEqual([bundle.check(BETH), bundle.check(CARL), bundle.state], [true, false, known], name);
    assert.equal(await refusal(() => open(url, { timeout: 500, maxBytes: 1_000_000, ...(name === "older" ? { clock: () => (NOW + 400) * 1000 } : {}) })), code, name);
    await server.close();
  }
});

test("forged bundles between good ones: none is taken for another", async () => {
  const bundle = await openBundle({ ...DEMANDS, jwks: JWKS, bytes: new Publisher().full(), clock: () => NOW * 1000 });
  const { privateKey } = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const forged = (iat) => new Publisher().full({ iat, pair: privateKey });
  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, at) => refusal(() => bundle.apply(at % 2 ? forged(NOW + at) : new Publisher().full()).then(() => Promise.reject(Object.assign(new Error(), { name: "SentinelError", code: "taken" }))))),
  );
  assert.deepEqual(outcomes, Array.from({ length: 100 }, (_, at) => (at % 2 ? "bundle_invalid" : "taken")));
  assert.equal(bundle.issuedAt, NOW * 1000);
});

test("an older one is refused after a restart, wherever it is remembered", async () => {
  const { publisher, url } = await published();
  const storage = new Map();
  const local = { getItem: (key) => storage.get(key) ?? null, setItem: (key, value) => void storage.set(key, value) };
  const kv = { get: async (key) => storage.get(key) ?? null, put: async (key, value) => void storage.set(key, value) };
  for (const store of [local, kv]) {
    storage.clear();
    publisher.more = { iat: NOW + 10 };
    const { bundle } = await open(url, { store });
    const [[key, known]] = storage;
    assert.match(key, /^sentinel:bundle:[\w-]{43}$/);
    assert.equal(known, `1.7.${NOW + 10}.${bundle.state}`);
    publisher.more = { iat: NOW + 5 };
    assert.equal(await refusal(() => open(url, { store })), "bundle_stale", "published earlier");
    await open(url);
    // Another one has seen more meanwhile.
    publisher.more = { iat: NOW + 20 };
    storage.set(key, known.replace(/^1\.7/, "1.8"));
    assert.equal(await refusal(() => bundle.refresh()), "bundle_stale");
    assert.equal(storage.get(key), known.replace(/^1\.7/, "1.8"), "and what is known does not go back");
    storage.set(key, "nonsense");
    assert.equal(await refusal(() => open(url, { store })), "unavailable");
  }
  const failing = (name) => ({ ...local, [name]: () => { throw new Error("full"); } });
  storage.clear();
  for (const name of ["getItem", "setItem"]) assert.equal(await refusal(() => open(url, { store: failing(name) })), "unavailable");
  assert.equal(await refusal(() => open(url, { store: { getItem: () => 7, setItem: () => {} } })), "unavailable");
});

test("keys by URL: fetched again for a key that is not known", async () => {
  let set = JWKS;
  const keyServer = await serve((_, response) => json(response, set));
  const { publisher, url } = await published();
  const other = crypto.generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { bundle, pass } = await open(url, { jwks: undefined, jwksUrl: keyServer.url });
  assert.equal(keyServer.requests, 1);
  set = { keys: [...JWKS.keys, { ...other.publicKey.export({ format: "jwk" }), kid: "k2" }] };
  publisher.more = { kid: "k2", pair: other.privateKey, iat: NOW + 1 };
  publisher.change();
  assert.equal(await bundle.refresh(), true);
  assert.deepEqual([keyServer.requests, bundle.check(CARL)], [2, true]);
  publisher.more = { kid: "k3", iat: NOW + 2 };
  publisher.renews = true;
  pass(10);
  assert.equal(await refusal(() => bundle.refresh()), "key_not_found");
  assert.equal(keyServer.requests, 2, "a key's name is free to invent: not more than twice a minute");
  assert.equal(bundle.check(CARL), true);
  await keyServer.close();
});

test("events: what changed is held soon, and a connection that is gone comes back", async () => {
  const { publisher, asked, url, streams, tell, bundles } = await published();
  const { bundle } = await open(url, { headers: { "x-service-key": "k" } });
  const errors = [];
  const changed = [];
  bundle.subscribe(() => changed.push(bundle.check(CARL)));
  const stop = bundle.follow({ onError: (error) => errors.push(error.code) });
  await until("it listens", () => streams.size === 1);
  const events = asked.find(({ path }) => path.endsWith("/events"));
  assert.deepEqual([events.path, events.headers.accept, events.headers["x-service-key"]], ["/bundles/v1/workspaces/w1/events", "text/event-stream", "k"]);
  await until("it looks once", () => bundles().length >= 2);
  publisher.change();
  tell();
  await until("the change is held", () => changed.length === 1);
  assert.deepEqual(changed, [true]);
  // The server ends every connection some time; and it may break.
  for (const end of ["end", "destroy"]) {
    const [stream] = streams;
    stream[end]();
    await until("it listens again", () => streams.size === 1 && !streams.has(stream));
  }
  assert.deepEqual(errors, ["unavailable"]);
  stop();
  await until("it listens no more", () => streams.size === 0);
  const count = asked.length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(asked.length, count);
});

test("without events it looks from time to time, also after failures", async () => {
  let broken = true;
  const { publisher, url, bundles } = await published((request, response) => {
    if (request.url.endsWith("/events")) response.writeHead(404).end();
    else if (broken && request.url.includes("since=")) response.writeHead(503).end();
    else return false;
    return true;
  });
  const { bundle } = await open(url);
  const errors = new Set();
  bundle.follow({ interval: 50, onError: ({ code }) => errors.add(code) });
  await until("it fails", () => errors.size === 2);
  assert.deepEqual([...errors].sort(), ["request_refused", "unavailable"]);
  publisher.change();
  broken = false;
  await until("the change is held", () => bundle.revision === 8);
  const count = bundles().length;
  await until("it goes on looking", () => bundles().length > count + 1);
  bundle.close();
  const last = bundles().length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(bundles().length <= last + 1, "closed: what was under way, and no more");
});

test("it is renewed before its end, and its end is told where it is not", async () => {
  const { publisher, url, bundles } = await published((request, response) => request.url.endsWith("/events") && (response.writeHead(404).end(), true));
  // A life of seconds, by the real clock.
  const second = () => Math.floor(Date.now() / 1000);
  publisher.renews = true;
  publisher.more = { iat: second(), life: 4 };
  const { bundle } = await open(url, { clock: Date.now });
  const first = bundle.notAfter;
  let told = 0;
  bundle.subscribe(() => (told += 1));
  bundle.follow({ eventsUrl: null, interval: 1e6 });
  publisher.more = { iat: second() + 1, life: 4 };
  await until("it is renewed", () => bundle.notAfter > first);
  assert.deepEqual([told, bundles().length >= 2], [0, true]);
  publisher.more = { pair: crypto.generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey };
  await until("its end is told", () => told > 0);
  assert.throws(() => bundle.check(BETH), { code: "bundle_stale" });
});

test("the guide's service, as it stands", async () => {
  const page = readFileSync(new URL("../../docs/guide/bundles-in-javascript.md", import.meta.url), "utf8");
  const [code] = [...page.matchAll(/```js\n([^]*?)```/g)].map(([, code]) => code);
  const second = () => Math.floor(Date.now() / 1000);
  const { publisher, url, server, asked } = await published((request, response) => request.url === "/.well-known/jwks.json" && (json(response, JWKS), true));
  publisher.claims = { iss: server.origin };
  publisher.members = { service: "notes", workspace: "w1" };
  publisher.more = { iat: second() };
  // Addresses, and what the surroundings know, are all that is replaced.
  const told = code.replaceAll("https://auth.example.com", server.origin).replace("const stop", "export const stop");
  const file = new URL("../dist-test/guide-bundle.mjs", import.meta.url);
  writeFileSync(file, `const workspace = "w1", serviceKey = "k";\n${told}\nexport { bundle };`);
  const { mayRead, stop, bundle } = await import(file);
  assert.equal(bundle.check(BETH), true);
  assert.equal(mayRead("beth", "7"), false, "there is no such resource in it");
  stop();
  bundle.close();
  assert.equal(mayRead("beth", "7"), false);
  assert.equal(asked.find(({ path }) => path.includes("bundles")).path, new URL(`${url}/services/notes`).pathname);
  assert.equal(asked.find(({ path }) => path.includes("bundles")).headers["x-service-key"], "k");
});
