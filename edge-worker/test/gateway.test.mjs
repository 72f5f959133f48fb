import assert from "node:assert/strict";
import test from "node:test";
import { GATEWAY_KEY, origin, proven } from "./origin.mjs";
import { signer } from "./tokens.mjs";
import { gateway as start } from "./workerd.mjs";

const HOST = "http://app.test";
const keyed = (...signers) => ({ keys: signers.map(({ jwk }) => jwk) });
const CONFIG = {
  issuer: "https://id.example",
  audience: "notes",
  algorithms: ["ES256", "EdDSA"],
  rules: [
    { method: "*", path: "/notes/**", allow: "authenticated" },
    { method: "GET", path: "/open/**", allow: "public" },
    { method: "GET", path: "/login", allow: "public" },
    { method: "*", path: "/edit", allow: { role: "editor" } },
  ],
};

/** A gateway before this origin, with one signer's keys. */
async function before(t, { url }, { config, settings, bindings, ...more } = {}) {
  const us = signer("ES256", "k1");
  const gateway = await start(t, {
    SENTINEL_CONFIG: { ...CONFIG, ...config },
    SENTINEL_JWKS: keyed(us),
    SENTINEL_GATEWAY: { origin: url, service: "notes-backend", ...settings },
    SENTINEL_GATEWAY_KEY: GATEWAY_KEY,
    ...bindings,
  }, more);
  const ask = async (path, { token, headers, ...init } = {}) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await gateway.fetch(`${HOST}${path}`, { redirect: "manual", ...init, headers: { ...authorization, ...headers } });
    const text = await response.text();
    const body = /json/.test(response.headers.get("content-type") ?? "") ? JSON.parse(text) : text;
    return { status: response.status, headers: response.headers, body, why: body?.code ?? body?.reason };
  };
  return { us, ask, gateway };
}

test("forwards what is allowed, and says who asks", async (t) => {
  const behind = await origin(t);
  const { us, ask } = await before(t, behind);
  const token = us.token({ jti: "t1", email: "ada@example.com", name: "Ada Ümläut 100%", wid: "w1", wslug: "team", wrole: "editor", groups: ["g1"] });
  const { status, body, headers } = await ask("/notes/7?page=2&q=a%20b", {
    token, method: "POST", body: JSON.stringify({ title: "x" }), headers: { "content-type": "application/json", "x-request-id": "r1" },
  });
  assert.equal(status, 200);
  assert.deepEqual([body.method, body.url, body.body], ["POST", "/notes/7?page=2&q=a%20b", '{"title":"x"}']);
  const said = body.headers;
  assert.equal(said["x-request-id"], "r1");
  assert.equal(said["x-sentinel-user-id"], "u1");
  assert.equal(said["x-sentinel-email"], "ada@example.com");
  assert.equal(decodeURIComponent(said["x-sentinel-name"]), "Ada Ümläut 100%");
  assert.deepEqual([said["x-sentinel-workspace-id"], said["x-sentinel-workspace-slug"], said["x-sentinel-workspace-role"]], ["w1", "team", "editor"]);
  assert.equal(said["x-sentinel-issuer"], "https://id.example");
  assert.equal(said["x-forwarded-host"], "app.test");
  assert.equal(said.authorization, undefined, "the token stays here");
  const { header, claims } = proven(said["x-sentinel-gateway"]);
  assert.deepEqual(header, { alg: "HS256", typ: "sentinel-gateway+jwt" });
  const { iat, exp, token_iat, token_exp, ...rest } = claims;
  assert.ok(exp === iat + 30 && Math.abs(iat - Date.now() / 1000) < 60 && token_iat <= iat);
  assert.equal(token_exp, JSON.parse(Buffer.from(token.split(".")[1], "base64url")).exp, "so that a connection need not outlive it");
  assert.deepEqual(rest, {
    iss: "sentinel-gateway", aud: "notes-backend", htm: "POST", htu: "/notes/7?page=2&q=a%20b", sub: "u1", token_iss: "https://id.example",
    token_jti: "t1", email: "ada@example.com", name: "Ada Ümläut 100%", wid: "w1", wslug: "team", wroles: ["editor"], groups: ["g1"], actions: [],
  });
  assert.match(headers.get("server-timing"), /sentinel;dur=\d+;desc=authenticated, origin;dur=\d+/);
  assert.equal(headers.get("cache-control"), "private, no-store");
});

test("what is not allowed never reaches the origin", async (t) => {
  const behind = await origin(t);
  const { us, ask } = await before(t, behind);
  const viewer = us.token({ wid: "w1", wrole: "viewer" });
  for (const [path, init, status, why] of [
    ["/notes", {}, 401, "unauthenticated"],
    ["/notes", { token: "a.b.c" }, 401, "token_malformed"],
    ["/notes", { token: us.token({ exp: 1 }) }, 401, "token_expired"],
    ["/notes", { token: signer("ES256", "k1").token({}) }, 401, "signature_invalid"],
    ["/edit", { token: viewer, method: "PUT" }, 403, "role_required"],
    ["/admin", { token: viewer }, 403, "no_rule"],
    ["/notes//7", { token: viewer }, 403, "path_refused"],
    ["/notes/%2e%2e/admin", { token: viewer }, 403, "no_rule"],
    ["/notes/..%2fadmin", { token: viewer }, 403, "path_refused"],
    ["/notes/x;y", { token: viewer }, 403, "path_refused"],
  ]) {
    const answer = await ask(path, init);
    assert.deepEqual([answer.status, answer.why], [status, why], path);
    assert.equal(answer.headers.get("content-type"), "application/problem+json");
  }
  assert.deepEqual(behind.received, []);
});

test("nothing that a client says can speak for the gateway", async (t) => {
  const behind = await origin(t);
  const { us, ask } = await before(t, behind);
  const forged = {
    "x-sentinel-user-id": "root", "x-sentinel-workspace-role": "owner", "X-Sentinel-Gateway": "forged", x_sentinel_user_id: "root",
    "x-sentinel": "1", "X_Sentinel-Anything": "1", "X.Sentinel.User.Id": "root", "x~sentinel~user~id": "root", "X.Forwarded.For": "10.9.8.7", "x-forwarded-for": "10.9.8.7", "x-forwarded-user": "root", x_forwarded_host: "evil", forwarded: "for=1",
    "x-http-method-override": "DELETE", x_http_method_override: "DELETE", "x-original-url": "/admin", "x-rewrite-url": "/admin",
    "x-original-uri": "/admin", x_original_host: "evil", "x-original-method": "DELETE", "x-host": "evil", "x-cluster-client-ip": "10.9.8.7",
    "x-middleware-subrequest": "middleware", "x-real-ip": "10.9.8.7",
  };
  const anonymous = (await ask("/open/page", { headers: forged })).body.headers;
  const known = (await ask("/notes", { token: us.token({ wid: "w1", wrole: "viewer" }), headers: forged })).body.headers;
  for (const said of [anonymous, known]) {
    const text = JSON.stringify(said);
    assert.ok(!/root|owner|forged|10\.9\.8\.7|evil|DELETE|\/admin/.test(text), text);
    assert.equal(said["x-sentinel"], undefined);
    assert.equal(said["x-middleware-subrequest"], undefined);
  }
  assert.equal(anonymous["x-sentinel-user-id"], undefined);
  assert.equal(proven(anonymous["x-sentinel-gateway"]).claims.sub, undefined, "nobody, and proven");
  assert.deepEqual([known["x-sentinel-user-id"], known["x-sentinel-workspace-role"]], ["u1", "viewer"]);
});

test("a line break in what a token says makes no header", async (t) => {
  const behind = await origin(t);
  const { us, ask } = await before(t, behind);
  const name = "Ada\nx-sentinel-user-id\nroot\r\nx-evil: 1";
  const { status, body } = await ask("/notes", { token: us.token({ name, wslug: "a\nx-evil\n1", wrole: "viewer" }) });
  assert.equal(status, 200);
  assert.deepEqual([body.headers["x-sentinel-user-id"], body.headers["x-evil"]], ["u1", undefined]);
  assert.equal(decodeURIComponent(body.headers["x-sentinel-name"]), name);
  assert.equal(proven(body.headers["x-sentinel-gateway"]).claims.name, name);
});

test("a personal answer is in no cache that others share", async (t) => {
  const said = {};
  const behind = await origin(t, (_, response) => {
    for (const [name, value] of Object.entries(said)) response.setHeader(name, value);
  });
  const { us, ask } = await before(t, behind);
  const token = us.token({});
  for (const [given, expected] of [
    [{ "cache-control": "public, max-age=600", expires: "Thu, 01 Jan 2099 00:00:00 GMT", "cdn-cache-control": "max-age=600" }, "private, no-store"],
    [{ "cache-control": "s-maxage=600", "surrogate-control": "max-age=600" }, "private, no-store"],
    [{ "cache-control": "private, max-age=5" }, "private, max-age=5"],
    [{ "cache-control": 'public, max-age=600, private="set-cookie"' }, "private, no-store"],
    [{}, "private, no-store"],
  ]) {
    Object.keys(said).forEach((name) => delete said[name]);
    Object.assign(said, given);
    for (const path of ["/notes", "/open/page"]) {
      const { headers } = await ask(path, { token });
      assert.equal(headers.get("cache-control"), expected, path);
      for (const name of ["expires", "cdn-cache-control", "surrogate-control"]) assert.equal(headers.get(name), null, name);
      assert.match(headers.get("vary"), /authorization, cookie/);
      assert.equal(behind.received.at(-1).headers["cache-control"], "no-cache", "nor between gateway and origin");
    }
    assert.equal((await ask("/open/page")).headers.get("cache-control"), given["cache-control"] ?? null, "nobody's answer is the origin's to cache");
  }
});

test("a page that lacks a login is sent to one, and back", async (t) => {
  const behind = await origin(t);
  const { us, ask } = await before(t, behind, { settings: { login: "/login?from=gateway" } });
  const html = { accept: "text/html,*/*;q=0.8" };
  for (const token of [undefined, us.token({ exp: 1 })]) {
    const { status, headers } = await ask("/notes/7?a=1&b=2", { token, headers: html });
    assert.equal(status, 302);
    const to = new URL(headers.get("location"), HOST);
    assert.deepEqual([to.origin, to.pathname, to.searchParams.get("from"), to.searchParams.get("return_to")], [HOST, "/login", "gateway", "/notes/7?a=1&b=2"]);
    assert.equal(headers.get("cache-control"), "no-store");
  }
  for (const [name, path, init, status] of [
    ["no page", "/notes", {}, 401],
    ["no visit", "/notes", { method: "POST", headers: html }, 401],
    ["known, and may not", "/edit", { token: us.token({ wrole: "viewer" }), headers: html }, 403],
    ["another host's path", "//evil.example/notes", { headers: html }, 401],
    ["the login itself is open", "/login", { headers: html }, 200],
  ]) {
    const { status: answered, headers } = await ask(path, init);
    assert.deepEqual([answered, headers.get("location")], [status, null], name);
  }
});

test("a token in a cookie counts for this host's own pages alone", async (t) => {
  const behind = await origin(t);
  const { us, ask } = await before(t, behind, { settings: { cookie: "sentinel_access_token" } });
  const token = us.token({});
  const cookie = `theme=dark; sentinel_access_token=${token}; lang=en`;
  const seen = (await ask("/notes", { headers: { cookie } })).body.headers;
  assert.deepEqual([seen["x-sentinel-user-id"], seen.cookie], ["u1", "theme=dark; lang=en"]);
  for (const [name, init, status] of [
    ["a form of another site", { method: "POST", headers: { cookie, origin: "https://evil.example", "sec-fetch-site": "cross-site" } }, 401],
    ["a form that does not say", { method: "POST", headers: { cookie } }, 401],
    ["a sibling's page", { method: "DELETE", headers: { cookie, origin: "http://other.app.test", "sec-fetch-site": "same-site" } }, 401],
    ["our page", { method: "POST", headers: { cookie, origin: HOST } }, 200],
    ["our page, as the browser says", { method: "POST", headers: { cookie, "sec-fetch-site": "same-origin" } }, 200],
    ["two of one name", { headers: { cookie: `${cookie}; sentinel_access_token=other` } }, 401],
    ["another name", { headers: { cookie: `Sentinel_access_token=${token}` } }, 401],
    ["a header beside it counts first", { token: "a.b.c", headers: { cookie } }, 401],
    ["another site's WebSocket", { headers: { cookie, upgrade: "websocket", origin: "https://evil.example" } }, 401],
  ]) {
    assert.equal((await ask("/notes", init)).status, status, name);
  }
  const without = await before(t, behind);
  assert.equal((await without.ask("/notes", { headers: { cookie: `sentinel_access_token=${without.us.token({})}` } })).status, 401);
});

test("several issuers, each with keys of its own", async (t) => {
  const behind = await origin(t);
  const other = signer("EdDSA", "k1");
  const issuer = { config: { issuer: "https://other.example", audience: "notes", algorithms: ["EdDSA"], profile: "tenant" }, jwks: keyed(other) };
  const { us, ask } = await before(t, behind, { settings: { issuers: [issuer] } });
  const theirs = { iss: "https://other.example", tenant_id: "w2", role: "admin", email: "eve@example.com" };
  const ours = (await ask("/notes", { token: us.token({}) })).body.headers;
  assert.deepEqual([ours["x-sentinel-user-id"], ours["x-sentinel-issuer"]], ["u1", "https://id.example"]);
  const said = (await ask("/notes", { token: other.token(theirs) })).body.headers;
  assert.deepEqual([said["x-sentinel-user-id"], said["x-sentinel-issuer"], said["x-sentinel-workspace-id"]], ["u1", "https://other.example", "w2"]);
  for (const [name, token, why] of [
    ["one issuer's key under the other's name", other.token({}), "issuer_mismatch"],
    ["and the other way round", us.token(theirs), "issuer_mismatch"],
    ["a third one", signer("EdDSA", "k9").token({ iss: "https://third.example" }), "key_not_found"],
  ]) {
    const answer = await ask("/notes", { token });
    assert.deepEqual([answer.status, answer.why], [401, why], name);
  }
});

test("asks for a pair of tokens", async (t) => {
  const behind = await origin(t);
  const provider = signer("EdDSA", "p1");
  const identity = { config: { issuer: "https://accounts.example", audience: "client-1", algorithms: ["EdDSA"] }, jwks: keyed(provider) };
  const { us, ask } = await before(t, behind, {
    config: { audience: "sentinel:authz" },
    settings: { pair: { service: "notes", identity } },
  });
  const who = (claims) => provider.token({ iss: "https://accounts.example", aud: "client-1", sub: "g7", ...claims });
  const may = (claims) => us.token({ aud: "sentinel:authz", type: "authz", idp_sub: "g7", svc: "notes", wid: "w1", wrole: "editor", jti: "t1", ...claims });
  const both = (identity, authorization) => ask("/edit", { token: identity, headers: authorization ? { "x-authz-token": authorization } : {} });
  const { status, body } = await both(who(), may());
  assert.deepEqual([status, body.headers["x-sentinel-user-id"], body.headers["x-sentinel-idp-sub"]], [200, "u1", "g7"]);
  assert.deepEqual([body.headers.authorization, body.headers["x-authz-token"]], [undefined, undefined]);
  for (const [name, answer] of [
    ["no second", await both(who())],
    ["no first", await both(undefined, may())],
    ["of another user", await both(who({ sub: "g8" }), may())],
    ["of another service", await both(who(), may({ svc: "mail" }))],
    ["swapped", await both(may(), who())],
  ]) {
    assert.equal(answer.status, 401, name);
  }
});

test("a role table of three roles is enforced before the origin", async (t) => {
  const behind = await origin(t);
  const { us, ask } = await before(t, behind, {
    config: {
      profile: "tenant",
      rules: [
        { method: "GET", path: "/data/own/**", allow: { role: "viewer" } },
        { method: "GET", path: "/data/**", allow: { role: "analyst" } },
        { method: "POST", path: "/queries", allow: { role: "analyst" } },
        { method: "*", path: "/users/**", allow: { role: "admin" } },
        { method: "*", path: "/tenant/config", allow: { role: "admin" } },
        { method: "GET", path: "/audit", allow: { role: "admin" } },
      ],
    },
  });
  const table = [
    ["GET", "/data/own/7", ["viewer", "analyst", "admin"]],
    ["GET", "/data/7", ["analyst", "admin"]],
    ["POST", "/queries", ["analyst", "admin"]],
    ["POST", "/users", ["admin"]],
    ["DELETE", "/users/3", ["admin"]],
    ["PUT", "/tenant/config", ["admin"]],
    ["GET", "/audit", ["admin"]],
  ];
  for (const [method, path, allowed] of table) {
    for (const role of ["viewer", "analyst", "admin", "owner", "Admin", ""]) {
      const { status } = await ask(path, { method, token: us.token({ tenant_id: "t1", email: "a@example.com", ...(role && { role }) }) });
      assert.equal(status, allowed.includes(role) ? 200 : 403, `${method} ${path} as ${role || "nobody in particular"}`);
    }
    assert.equal((await ask(path, { method })).status, 401);
  }
});

test("a WebSocket passes where its upgrade was allowed", async (t) => {
  const behind = await origin(t);
  const { us, gateway } = await before(t, behind);
  const open = (token) =>
    gateway.fetch(`${HOST}/notes/live`, { headers: { upgrade: "websocket", ...(token && { authorization: `Bearer ${token}` }) } });
  const refused = await open();
  assert.deepEqual([refused.status, behind.received.length], [401, 0]);
  await refused.text();
  const { status, webSocket } = await open(us.token({}));
  assert.equal(status, 101);
  // Listened to first: what has come already is told at once.
  const said = new Promise((resolve) => webSocket.addEventListener("message", ({ data }) => resolve(data), { once: true }));
  webSocket.accept();
  assert.equal(await said, "hello u1");
  assert.equal(proven(behind.received[0].headers["x-sentinel-gateway"]).claims.htu, "/notes/live");
  webSocket.close();
});

test("counts by address where there is a limiter", async (t) => {
  const behind = await origin(t);
  const { ask } = await before(t, behind, { ratelimits: { SENTINEL_LIMIT: { simple: { limit: 3, period: 60 } } } });
  const from = async (client) => (await ask("/open/page", { headers: { "cf-connecting-ip": client } })).status;
  const statuses = [];
  for (let n = 0; n < 5; n += 1) statuses.push(await from("203.0.113.1"));
  assert.deepEqual(statuses, [200, 200, 200, 429, 429]);
  assert.equal(await from("203.0.113.2"), 200, "another one's count is its own");
  const six = [];
  for (let n = 0; n < 5; n += 1) six.push(await from(`2001:db8:1:2:${n}::1`));
  assert.deepEqual(six, [200, 200, 200, 429, 429], "64 bits are one customer's");
  assert.equal(await from("2001:db8:1:3::1"), 200);
});

test("logs what it refuses, and never a token", async (t) => {
  const behind = await origin(t);
  const log = [];
  const { us, ask } = await before(t, behind, { settings: { log: "all" }, log });
  const token = us.token({ jti: "t1", wid: "w1", wrole: "viewer" });
  await ask("/notes/7?secret=1", { token });
  await ask("/edit?secret=1", { token });
  await ask("/notes", { token: signer("ES256", "k1").token({}) });
  for (let waited = 0; log.join("").split('"event"').length < 4 && waited < 100; waited += 1) await new Promise((later) => setTimeout(later, 50));
  const lines = log.join("").split("\n").filter((line) => line.includes('"event":"decision"')).map((line) => JSON.parse(line));
  const known = { user: "u1", workspace: "w1", issuer: "https://id.example", token: "t1", ray: null, revision: null, event: "decision" };
  assert.deepEqual(lines[0], { ...known, allow: true, why: "authenticated", method: "GET", path: "/notes/7" });
  assert.deepEqual(lines[1], { ...known, allow: false, why: "role_required", method: "GET", path: "/edit" });
  assert.deepEqual([lines[2].allow, lines[2].why, lines[2].user], [false, "signature_invalid", null]);
  assert.ok(!log.join("").includes(token.split(".")[2]) && !log.join("").includes("secret"));
});

test("an origin that is not there is a 502", async (t) => {
  const { us, ask } = await before(t, { url: "http://127.0.0.1:1" });
  const { status, body } = await ask("/notes", { token: us.token({}) });
  assert.deepEqual([status, body.detail], [502, "the origin did not answer"]);
});

test("a wrong setting lets nothing through", async (t) => {
  const behind = await origin(t);
  const issuer = { config: { issuer: "x", audience: "y", algorithms: ["ES256"] }, jwks: { keys: [] } };
  for (const [name, more] of [
    ["no key for proofs", { bindings: { SENTINEL_GATEWAY_KEY: undefined } }],
    ["a short key", { bindings: { SENTINEL_GATEWAY_KEY: "short" } }],
    ["an unknown member", { settings: { orgin: "x" } }],
    ["an origin with a path", { settings: { origin: `${behind.url}/app` } }],
    ["an origin with credentials", { settings: { origin: behind.url.replace("//", "//u:p@") } }],
    ["no origin", { settings: { origin: "app" } }],
    ["a login elsewhere", { settings: { login: "//evil.example/login" } }],
    ["a login that is a script", { settings: { login: "javascript:alert(1)" } }],
    ["an issuer with rules", { settings: { issuers: [{ ...issuer, config: { ...issuer.config, rules: [] } }] } }],
    ["an issuer without keys", { settings: { issuers: [{ config: issuer.config }] } }],
    ["a pair and several issuers", { settings: { issuers: [issuer], pair: { service: "notes", identity: issuer } } }],
    ["revocations without a key", { settings: { revocations: { url: "https://id.example/revocations" } } }],
    ["revocations in the clear", { settings: { revocations: { url: "http://id.example/revocations" } }, bindings: { SENTINEL_SERVICE_KEY: "sk_x" } }],
    ["revocations that outlive themselves", { settings: { revocations: { url: "https://id.example/revocations", maxAge: 9, maxStale: 8 } }, bindings: { SENTINEL_SERVICE_KEY: "sk_x" } }],
  ]) {
    const { us, ask } = await before(t, behind, more);
    for (const path of ["/notes", "/open/page"]) {
      const { status, body } = await ask(path, { token: us.token({}) });
      assert.deepEqual([status, body.detail], [500, "the Worker cannot decide"], name);
    }
  }
  assert.deepEqual(behind.received, []);
});
