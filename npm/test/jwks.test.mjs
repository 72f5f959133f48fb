// Keys by URL, against real servers. Times come from a clock that the tests set.
import assert from "node:assert/strict";
import { test } from "node:test";
import { json, jwks, keys, module, NOW, refusal, serve, settings, sign, testing } from "./support.mjs";

const { createVerifier } = testing.harness(module(), "host");
const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** A verifier with keys by URL, and its clock. */
function remote(url, { jwksOptions = {}, ...more } = {}) {
  const time = { now: NOW * SECOND };
  const claims = { exp: NOW + 1e6 };
  const verifier = createVerifier(settings({ jwksUrl: url, jwksOptions, ...more, clock: () => time.now }));
  const token = (kid = "k1") => sign("RS256", { kid, claims });
  return { verifier, time, token, pass: (seconds) => (time.now += seconds * SECOND) };
}

test("many at once cause one request, and none while the keys are fresh", async () => {
  const server = await serve((_, response) => setTimeout(() => json(response, jwks(keys("RS256"))), 20));
  const { verifier, token, pass } = remote(server.url);
  await Promise.all(Array.from({ length: 50 }, () => verifier.verify(token())));
  assert.equal(server.requests, 1);
  pass(599);
  await verifier.verify(token());
  assert.equal(server.requests, 1);
  pass(1);
  await verifier.verify(token());
  assert.equal(server.requests, 2);
});

for (const [headers, fresh] of [
  [{ "cache-control": "public, max-age=3600" }, 3600],
  [{ "cache-control": "max-age=3600", age: "600" }, 3000],
  [{ "cache-control": "max-age=3600", age: "7200" }, 60],
  [{ "cache-control": "s-maxage=9000, max-age=120" }, 120],
  [{ "cache-control": 'max-age="300"' }, 300],
  [{ "cache-control": "max-age=0" }, 60],
  [{ "cache-control": "no-store, max-age=3600" }, 60],
  [{ "cache-control": "no-cache" }, 60],
  [{ "cache-control": "max-age=99999999999999999999" }, 86400],
  [{ "cache-control": "s-maxage=3600" }, 600],
  [{}, 600],
]) {
  test(`fresh for ${fresh} s with ${JSON.stringify(headers)}`, async () => {
    const server = await serve((_, response) => json(response, jwks(keys("RS256")), headers));
    const { verifier, token, pass } = remote(server.url);
    await verifier.verify(token());
    pass(fresh - 1);
    await verifier.verify(token());
    assert.equal(server.requests, 1);
    pass(1);
    await verifier.verify(token());
    assert.equal(server.requests, 2);
  });
}

test("an unknown kid causes a request, at most one in 30 s", async () => {
  let served = jwks(keys("RS256"));
  const server = await serve((_, response) => json(response, served));
  const { verifier, token, pass } = remote(server.url);
  await verifier.verify(token());
  served = jwks(keys("RS256"), keys("RS256", "k2"));
  await verifier.verify(token("k2"));
  assert.equal(server.requests, 2);
  for (let index = 0; index < 20; index += 1) {
    assert.equal(await refusal(() => verifier.verify(sign("RS256", { header: { kid: `unknown${index}` } }))), "key_not_found");
  }
  assert.equal(server.requests, 2);
  pass(29);
  assert.equal(await refusal(() => verifier.verify(sign("RS256", { header: { kid: "x" } }))), "key_not_found");
  assert.equal(server.requests, 2);
  pass(1);
  const asked = Array.from({ length: 10 }, () => refusal(() => verifier.verify(sign("RS256", { header: { kid: "y" } }))));
  assert.deepEqual(new Set(await Promise.all(asked)), new Set(["key_not_found"]));
  assert.equal(server.requests, 3);
});

test("a key that is gone from the set verifies nothing any more, not even a cached token", async () => {
  let served = jwks(keys("RS256"), keys("RS256", "k2"));
  const server = await serve((_, response) => json(response, served));
  const { verifier, token, pass } = remote(server.url);
  const cached = token("k2");
  await verifier.verify(cached);
  served = jwks(keys("RS256"));
  pass(600);
  assert.equal(await refusal(() => verifier.verify(cached)), "key_not_found");
});

test("while the endpoint is down the keys stay in use, for a bounded time", async () => {
  let up = true;
  const server = await serve((_, response) => (up ? json(response, jwks(keys("RS256"))) : response.writeHead(503).end()));
  const { verifier, token, pass } = remote(server.url, { jwksOptions: { staleFor: 60 * MINUTE } });
  await verifier.verify(token());
  up = false;
  pass(600);
  await verifier.verify(token());
  assert.equal(server.requests, 2);
  // Not asked again before a second has passed, then two, then four …
  await verifier.verify(token());
  assert.equal(server.requests, 2);
  pass(1);
  await verifier.verify(token());
  await verifier.verify(token());
  assert.equal(server.requests, 3);
  pass(1);
  await verifier.verify(token());
  assert.equal(server.requests, 3);
  pass(60 * 60 - 3);
  await verifier.verify(token());
  pass(1);
  assert.equal(await refusal(() => verifier.verify(token())), "unavailable");
  up = true;
  pass(30);
  await verifier.verify(token());
});

test("a failed fetch is not repeated by every request", async () => {
  const server = await serve((_, response) => response.writeHead(500).end());
  const { verifier, token, pass } = remote(server.url);
  for (let index = 0; index < 20; index += 1) assert.equal(await refusal(() => verifier.verify(token())), "unavailable");
  assert.equal(server.requests, 1);
  pass(1);
  assert.equal(await refusal(() => verifier.verify(token())), "unavailable");
  assert.equal(server.requests, 2);
});

for (const [name, handler] of [
  ["status 404", (_, response) => response.writeHead(404, { "content-type": "application/json" }).end("{}")],
  ["status 204", (_, response) => response.writeHead(204).end()],
  ["html", (_, response) => response.writeHead(200, { "content-type": "text/html" }).end(JSON.stringify(jwks(keys("RS256"))))],
  ["no content type", (_, response) => response.writeHead(200).end(JSON.stringify(jwks(keys("RS256"))))],
  ["not JSON", (_, response) => json(response, "{")],
  ["no key set", (_, response) => json(response, { error: "x" })],
  ["nothing", (_, response) => json(response, "")],
  ["a closed connection", (request) => request.socket.destroy()],
  ["half an answer", (request, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
    response.write('{"keys":[');
    setTimeout(() => request.socket.destroy(), 10);
  }],
  ["a declared length over the limit", (_, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": String(600 * 1024) });
    response.write(" ");
  }],
]) {
  test(`refused: ${name}`, async () => {
    const server = await serve(handler);
    const { verifier, token } = remote(server.url);
    assert.equal(await refusal(() => verifier.verify(token())), "unavailable");
  });
}

test("an endless answer is cut off at the limit", async () => {
  let sent = 0;
  let closed;
  const gone = new Promise((done) => (closed = done));
  const server = await serve((_, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    const chunk = Buffer.alloc(64 * 1024, " ");
    const more = () => {
      while (!response.destroyed && (sent += chunk.length) && response.write(chunk));
    };
    response.on("drain", more);
    response.on("close", closed);
    more();
  });
  const { verifier, token } = remote(server.url);
  assert.equal(await refusal(() => verifier.verify(token())), "unavailable");
  await gone;
  assert.ok(sent < 16 * 1024 * 1024, `${sent} bytes were sent`);
});

test("a slow answer is given up, be it slow to begin or slow to end", async () => {
  for (const handler of [
    () => {},
    (_, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write('{"keys":');
    },
  ]) {
    const server = await serve(handler);
    const { verifier, token } = remote(server.url, { jwksOptions: { timeout: 100 } });
    const start = performance.now();
    assert.equal(await refusal(() => verifier.verify(token())), "unavailable");
    assert.ok(performance.now() - start < 2000);
  }
});

test("a fetch that ignores its signal is given up as well", async () => {
  const never = () => new Promise(() => {});
  const { verifier, token } = remote("https://keys.example.com/", { jwksOptions: { timeout: 50, fetch: never } });
  assert.equal(await refusal(() => verifier.verify(token())), "unavailable");
});

test("a redirect within the origin is followed, twice at most; one to another origin never", async () => {
  const other = await serve((_, response) => json(response, jwks(keys("RS256"))));
  let targets = {};
  const server = await serve((request, response) => {
    const target = targets[request.url];
    if (target === undefined) return json(response, jwks(keys("RS256")));
    response.writeHead(302, { location: target }).end();
  });
  const ask = async (table) => {
    targets = table;
    const { verifier, token } = remote(server.url);
    return verifier.verify(token());
  };
  await ask({ "/jwks.json": "/a" });
  await ask({ "/jwks.json": "/a", "/a": `${server.origin}/b` });
  assert.equal(await refusal(() => ask({ "/jwks.json": "/a", "/a": "/b", "/b": "/c" })), "unavailable");
  for (const location of [other.url, other.url.replace("http:", ""), "file:///etc/passwd", "data:application/json,{}", "http://["]) {
    assert.equal(await refusal(() => ask({ "/jwks.json": location })), "unavailable", location);
  }
  assert.equal(other.requests, 0);
});

test("only https, and http to this machine", async () => {
  for (const url of ["http://keys.example.com/", "http://127.evil.example/", "http://localhost.evil.example/", "ftp://x/", "keys", "https://u:p@x/", "data:application/json,{}", 5, null]) {
    assert.equal(await refusal(() => remote(url)), "configuration_invalid", String(url));
  }
  for (const url of ["https://keys.example.com/", new URL("http://localhost:1/"), "http://[::1]:1/", "http://127.0.0.2/"]) remote(url);
});

test("a document that is refused replaces nothing", async () => {
  let body = jwks(keys("RS256"));
  const server = await serve((_, response) => json(response, body));
  const { verifier, token, pass } = remote(server.url);
  await verifier.verify(token());
  body = { keys: "none" };
  pass(600);
  await verifier.verify(token());
  assert.equal(server.requests, 2);
});

test("the same document again leaves the cache of verified tokens as it is", async () => {
  const server = await serve((_, response) => json(response, jwks(keys("RS256"))));
  const { verifier, token, pass } = remote(server.url);
  const repeated = token();
  await verifier.verify(repeated);
  pass(600);
  const start = performance.now();
  await verifier.verify(repeated);
  assert.equal(server.requests, 2);
  assert.ok(performance.now() - start < 1000);
});

test("verifySync waits for nothing: ready() first, then it keeps the keys fresh in the background", async () => {
  let served = jwks(keys("RS256"));
  const server = await serve((_, response) => json(response, served));
  const { verifier, token, pass } = remote(server.url);
  assert.throws(() => verifier.verifySync(token()), { code: "unavailable" });
  await verifier.ready();
  verifier.verifySync(token());
  served = jwks(keys("RS256", "k2"));
  pass(600);
  verifier.verifySync(token());
  await verifier.ready();
  assert.throws(() => verifier.verifySync(token()), { code: "key_not_found" });
  verifier.verifySync(token("k2"));
  assert.equal(server.requests, 2);
});

test("ready() rejects while the keys cannot be had", async () => {
  const server = await serve((_, response) => response.writeHead(500).end());
  await assert.rejects(remote(server.url).verifier.ready(), { code: "unavailable" });
});

test("a clock that goes backwards makes the keys stale, not fresh for ever", async () => {
  const server = await serve((_, response) => json(response, jwks(keys("RS256"))));
  const { verifier, token, pass } = remote(server.url);
  await verifier.verify(token());
  pass(-5);
  await verifier.verify(token());
  assert.equal(server.requests, 2);
});

test("keys that come from a URL cannot be replaced", async () => {
  const { verifier } = remote("https://keys.example.com/");
  assert.equal(await refusal(() => verifier.updateKeys({ jwks: jwks(keys("RS256")) })), "configuration_invalid");
});

test("in a Worker no request waits for what another one fetches", async () => {
  const server = await serve((_, response) => setTimeout(() => json(response, jwks(keys("RS256"))), 20));
  const taken = [];
  const own = new testing.RemoteKeys(server.url, {}, () => NOW * SECOND, (document) => taken.push(document), false);
  await Promise.all([own.ready(), own.ready(), own.ready()]);
  assert.equal(server.requests, 3);
  assert.equal(taken.length, 1);
  assert.deepEqual([await own.seek(), await own.seek()], [true, false]);
});
