import assert from "node:assert/strict";
import test from "node:test";
import { secret, signer } from "./tokens.mjs";
import { endpoint, start } from "./workerd.mjs";

const config = (more) => ({
  issuer: "https://id.example",
  audience: "notes",
  algorithms: ["RS256", "ES256", "EdDSA"],
  rules: [
    { method: "GET", path: "/", allow: "authenticated" },
    { method: "GET", path: "/open", allow: "public" },
    { method: "*", path: "/edit", allow: { role: "editor" } },
    { method: "GET", path: "/export", allow: { action: "notes:export" } },
  ],
  ...more,
});
const jwks = (...signers) => JSON.stringify({ keys: signers.map(({ jwk }) => jwk) });
const bindings = (keys, more) => ({ SENTINEL_CONFIG: JSON.stringify(config(more)), SENTINEL_JWKS: keys });
const remote = (url, more) => ({ SENTINEL_CONFIG: JSON.stringify(config(more)), SENTINEL_JWKS_URL: url });
const json = (body) => (_, response) => response.setHeader("content-type", "application/json").end(body());

test("accepts a token of every kind of key and answers with the identity", async (t) => {
  const signers = ["RS256", "ES256", "EdDSA"].map((alg) => signer(alg, alg));
  const ask = await start(t, bindings(jwks(...signers)));
  for (const { token } of signers) {
    const { status, body, headers } = await ask(token({ jti: "t1", wid: "w1", wrole: "editor", groups: ["g1"], name: "Ada Ümläut" }));
    const { issuedAt, ...identity } = body;
    assert.equal(status, 200);
    assert.deepEqual(identity, {
      userId: "u1", name: "Ada Ümläut", workspaceId: "w1", issuer: "https://id.example", jwtId: "t1",
      role: "editor", roles: ["editor"], groups: ["g1"], actions: [],
    });
    assert.ok(Math.abs(issuedAt - Date.now() / 1000) < 60);
    assert.equal(headers.get("cache-control"), "no-store");
  }
});

test("refuses with 401, a challenge and a problem document", async (t) => {
  const good = signer("ES256", "k1");
  const ask = await start(t, bindings(jwks(good)));
  const valid = good.token({});
  const [header, , signature] = valid.split(".");
  const tampered = [header, good.token({ sub: "root" }).split(".")[1], signature].join(".");
  for (const [token, code] of [
    ["", "token_malformed"],
    ["a.b.c", "token_malformed"],
    [`${valid}, Bearer ${valid}`, "token_malformed"],
    [tampered, "signature_invalid"],
    [good.token({ exp: 1 }), "token_expired"],
    [good.token({ aud: "mail" }), "audience_mismatch"],
    [good.token({ iss: "https://evil.example" }), "issuer_mismatch"],
    [signer("ES256", "k2").token({}), "key_not_found"],
    [secret("k1").token({}), "algorithm_not_allowed"],
    ["a".repeat(20_000), "token_too_large"],
  ]) {
    const { status, body, headers } = await ask(token);
    assert.deepEqual([status, body.code, body.status, body.type], [401, code, 401, "about:blank"]);
    assert.equal(headers.get("content-type"), "application/problem+json");
    assert.match(headers.get("www-authenticate"), /^Bearer error="invalid_token", error_description="[^"]+"$/);
  }
  for (const headers of [{}, { authorization: "Basic dXNlcjpwdw==" }]) {
    const { status, why, headers: answered } = await ask(undefined, { headers });
    assert.deepEqual([status, why, answered.get("www-authenticate")], [401, "unauthenticated", "Bearer"]);
  }
  assert.equal((await ask(valid)).status, 200);
});

test("decides by the rules", async (t) => {
  const good = signer("EdDSA", "k1");
  const ask = await start(t, bindings(jwks(good), { allowedWorkspaces: ["w1"] }));
  const as = (wrole, more) => good.token({ wid: "w1", wrole, ...more });
  for (const [path, token, status, why] of [
    ["/edit", as("editor"), 200],
    ["/edit", as("owner"), 200],
    ["/edit", as("viewer"), 403, "role_required"],
    ["/edit", undefined, 401, "unauthenticated"],
    ["/export", as("owner"), 403, "action_required"],
    ["/export", as("viewer", { actions: ["notes:export"] }), 200],
    ["/unnamed", as("owner"), 403, "no_rule"],
    ["/unnamed", undefined, 401, "unauthenticated"],
    ["/edit/", as("viewer"), 403, "role_required"],
    ["/Edit", as("owner"), 403, "no_rule"],
    ["/%65dit", as("owner"), 403, "path_refused"],
    ["/", good.token({ wid: "w2" }), 403, "workspace_not_allowed"],
  ]) {
    const answer = await ask(token, { path });
    assert.deepEqual([answer.status, answer.why], [status, why], `${path} ${why}`);
  }
  for (const token of [undefined, "a.b.c"]) {
    assert.deepEqual((await ask(token, { path: "/open" })).body, null);
  }
  assert.equal((await ask(as("viewer"), { path: "/open" })).body.userId, "u1");
});

test("takes shared secrets only where the configuration names HS", async (t) => {
  const shared = secret("k1");
  const accepting = await start(t, bindings(jwks(shared), { algorithms: ["HS256"] }));
  assert.equal((await accepting(shared.token({}))).status, 200);
  const asked = await endpoint(t, json(() => jwks(shared)));
  const fromUrl = await start(t, remote(asked.url, { algorithms: ["HS256"] }));
  const { status, why } = await fromUrl(shared.token({}));
  assert.deepEqual([status, why], [401, "key_not_found"], "never from a URL");
});

test("reads JSON bindings and KV", async (t) => {
  const good = signer("ES256", "k1");
  const asJson = await start(t, { SENTINEL_CONFIG: config(), SENTINEL_JWKS: JSON.parse(jwks(good)) });
  assert.equal((await asJson(good.token({}))).status, 200);
  const fromKv = await start(t, {}, bindings(jwks(good)));
  assert.equal((await fromKv(good.token({}))).status, 200);
  assert.equal((await fromKv(good.token({ exp: 1 }))).status, 401);
});

test("a wrong configuration lets nothing through", async (t) => {
  const good = signer("ES256", "k1");
  const keys = jwks(good);
  const empty = { issuer: "https://id.example", audience: "notes", algorithms: ["ES256"] };
  for (const [name, wrong] of [
    ["nothing", {}],
    ["no keys", { SENTINEL_CONFIG: JSON.stringify(config()) }],
    ["two sources of keys", { ...bindings(keys), SENTINEL_JWKS_URL: "https://id.example/jwks" }],
    ["an unknown member", bindings(keys, { rulez: [] })],
    ["no JSON", { SENTINEL_CONFIG: "{", SENTINEL_JWKS: keys }],
    ["no key set", bindings("[]")],
    ["an http URL", remote("http://id.example/jwks")],
    ["a URL with credentials", remote("https://user:secret@id.example/jwks")],
  ]) {
    const ask = await start(t, wrong);
    for (const path of ["/", "/open"]) {
      const { status, body } = await ask(good.token({}), { path });
      assert.deepEqual([status, body.detail], [500, "the Worker cannot decide"], name);
    }
  }
  const ruleless = await start(t, { SENTINEL_CONFIG: JSON.stringify(empty), SENTINEL_JWKS: keys });
  assert.equal((await ruleless(good.token({}))).why, "no_rule");
});

test("fetches a key set once, and once more for a storm of unknown kids", async (t) => {
  const [first, second] = [signer("ES256", "k1"), signer("ES256", "k2")];
  let keys = jwks(first);
  const { url, asked } = await endpoint(t, json(() => keys));
  const ask = await start(t, remote(url));
  for (let n = 0; n < 5; n += 1) assert.equal((await ask(first.token({}))).status, 200);
  assert.equal(asked.length, 1);
  keys = jwks(first, second);
  assert.equal((await ask(second.token({}))).status, 200, "a rotated key is found at once");
  assert.equal(asked.length, 2);
  const invented = Array.from({ length: 20 }, (_, n) => signer("EdDSA", `invented-${n}`).token({}));
  for (const { why } of await Promise.all(invented.map((token) => ask(token)))) assert.equal(why, "key_not_found");
  assert.equal(asked.length, 2, "at most once in 30 s");
});

test("follows no redirect to another origin, and takes no endless answer", async (t) => {
  const good = signer("ES256", "k1");
  const elsewhere = await endpoint(t, json(() => jwks(good)));
  const redirecting = await endpoint(t, (_, response) => response.writeHead(302, { location: elsewhere.url }).end());
  const endless = await endpoint(t, (_, response) => {
    const more = () => response.write(" ".repeat(65_536)) ? setImmediate(more) : response.once("drain", more);
    more();
  });
  const failing = await endpoint(t, (_, response) => response.writeHead(500).end());
  const within = await endpoint(t, (request, response) =>
    request.url === "/jwks" ? response.writeHead(307, { location: "/new" }).end() : response.end(jwks(good)),
  );
  for (const { url } of [redirecting, endless, failing]) {
    const ask = await start(t, remote(url));
    const { status, why, headers } = await ask(good.token({}));
    assert.deepEqual([status, why], [503, "unavailable"], url);
    assert.ok(headers.get("retry-after"));
    assert.equal((await ask(undefined, { path: "/open" })).status, 200, "what is public stays so");
  }
  assert.equal(elsewhere.asked.length, 0);
  const ask = await start(t, remote(within.url));
  assert.equal((await ask(good.token({}))).status, 200, "within the origin");
});

test("a silent endpoint costs a request five seconds at most", async (t) => {
  const good = signer("ES256", "k1");
  const { url } = await endpoint(t, () => {});
  const ask = await start(t, remote(url));
  const begin = Date.now();
  assert.equal((await ask(good.token({}))).why, "unavailable");
  const took = Date.now() - begin;
  assert.ok(took > 4_000 && took < 20_000, `${took} ms`);
});
