// The clients of the server, against the server: permissions, roles, AuthZEN, and the revocations that a service follows.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { installed, linkPackage } from "../hosts/install.mjs";

await installed("hosts", "e2e", "frameworks");
linkPackage("frameworks");
const { json, loginThrough } = await import("../e2e/login.mjs");
const { SERVER, startProvider } = await import("../e2e/provider.mjs");
const { startSentinel } = await import("../e2e/sentinel.mjs");
const { startWorkerd } = await import("../hosts/workerd.mjs");
const { createVerifier } = await import("sentinel-edge");
const { createAuthZenClient, createPermissionsClient, createRolesClient, followRevocations, RequestError, SentinelError } = await import("sentinel-edge/server");

const FRONT_END = "http://127.0.0.1/callback";
let provider, server, key, ada, bob, team, options;

before(async () => {
  provider = await startProvider();
  server = await startSentinel({
    ALLOW_LOOPBACK_PROVIDERS: "true",
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: SERVER.id,
    OIDC_CLIENT_SECRET: SERVER.secret,
    OIDC_TRUST_EMAIL: "true",
    NEWCOMERS: "nowhere",
    RATE_LIMIT_RPM: "0",
  });
  ({ key } = await server.cli("service", "create", "notes", "--policy", "all"));
  await server.cli("client", "create", "web", "--redirect-uri", FRONT_END);
  for (const name of ["ada", "bob"]) await server.cli("user", "create", `${name}@example.test`, "--name", name);
  team = await server.cli("workspace", "create", "team", "--name", "Team", "--owner", "ada@example.test");
  await server.cli("workspace", "add-member", "team", "bob@example.test", "--role", "viewer");
  const login = async (name) => {
    const { access_token: token } = await loginThrough(server, { login: name, redirect: FRONT_END });
    return { token, id: JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sub };
  };
  [ada, bob] = [await login("ada"), await login("bob")];
  options = { sentinelUrl: server.url, serviceKey: key, serviceName: "notes" };
});

after(async () => {
  await server?.close();
  await provider?.close();
});

const codeOf = (error) => [error instanceof SentinelError, error.code];
/** A server that answers as it is told, and counts. */
async function standIn(answer) {
  const seen = [];
  const listener = createServer(async (request, response) => {
    seen.push({ method: request.method, url: request.url, headers: request.headers });
    const { status = 200, headers = {}, body } = (await answer(seen.length, request)) ?? {};
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(body === undefined ? undefined : JSON.stringify(body));
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${listener.address().port}`, seen, close: () => (listener.closeAllConnections(), listener.close()) };
}

test("permissions: registered, asked, shared, taken back", async () => {
  const permissions = createPermissionsClient(options);
  const object = `note:${randomUUID()}`;
  const made = await permissions.register({ object, workspaceId: team.id, ownerId: ada.id, visibility: "private" });
  assert.deepEqual([made.object, made.ownerId, made.visibility, made.shares], [object, ada.id, "private", []]);
  assert.deepEqual(await permissions.get(object), made);
  const may = async () => [await permissions.can(bob.token, "view", object), await permissions.can(bob.token, "edit", object)];
  assert.deepEqual(await may(), [false, false]);
  const share = await permissions.share(ada.token, made.permissionId, { user: bob.id });
  assert.deepEqual([share.grantee, share.permission, share.grantedBy], [{ user: bob.id }, "view", ada.id]);
  assert.deepEqual(await may(), [true, false]);
  assert.deepEqual(await permissions.accessible(bob.token, { type: "note", action: "view", workspaceId: team.id }), { ids: [object.slice(5)], all: false });
  assert.equal((await permissions.accessible(ada.token, { type: "note", action: "view", workspaceId: team.id })).all, true);
  await permissions.unshare(ada.token, made.permissionId, { user: bob.id });
  assert.deepEqual(await may(), [false, false]);
  const shown = await permissions.setVisibility(ada.token, made.permissionId, "workspace");
  assert.equal(shown.visibility, "workspace");
  assert.deepEqual(await may(), [true, false]);
  await assert.rejects(permissions.share(bob.token, made.permissionId, { user: bob.id }, "edit"), (error) => {
    assert.deepEqual([...codeOf(error), error.status], [true, "request_refused", 403]);
    return error instanceof RequestError;
  });
  assert.equal(await permissions.remove(object), true);
  assert.equal(await permissions.remove(object), false);
  assert.equal(await permissions.get(object), null);
  assert.deepEqual(await may(), [false, false]);
});

test("permissions: what is asked at one moment goes in one request, and any number in a few", async () => {
  const asked = [];
  const counting = (url, init) => (asked.push(JSON.parse(init.body).checks.length), fetch(url, init));
  const permissions = createPermissionsClient({ ...options, fetch: counting });
  const object = `note:${randomUUID()}`;
  await createPermissionsClient(options).register({ object, workspaceId: team.id, ownerId: bob.id, visibility: "private" });
  const others = Array.from({ length: 5 }, () => `note:${randomUUID()}`);
  const answers = await Promise.all([object, ...others].map((one) => permissions.can(bob.token, "view", one)));
  assert.deepEqual([answers, asked], [[true, false, false, false, false, false], [6]]);
  asked.length = 0;
  const questions = Array.from({ length: 205 }, (_, at) => ({ object: at === 150 ? object : others[at % 5], action: "edit" }));
  const all = await permissions.check(bob.token, questions);
  assert.deepEqual([all.length, all.indexOf(true), all.lastIndexOf(true), asked], [205, 150, 150, [100, 100, 5]]);
  // Two people never share a request.
  asked.length = 0;
  await Promise.all([permissions.can(ada.token, "view", object), permissions.can(bob.token, "view", object)]);
  assert.deepEqual(asked, [1, 1]);
  for (const wrong of ["note", "note:", ":7", ""]) {
    await assert.rejects(permissions.can(bob.token, "view", wrong), { code: "configuration_invalid" });
  }
});

test("permissions: asked by a Worker", async () => {
  const object = `note:${randomUUID()}`;
  await createPermissionsClient(options).register({ object, workspaceId: team.id, ownerId: ada.id, visibility: "workspace" });
  const worker = await startWorkerd({ entry: join(import.meta.dirname, "client-worker.mjs"), flags: [], bindings: { CLIENT: options } });
  try {
    const ask = async (token) => (await worker.fetch("/", { method: "POST", body: JSON.stringify({ token, object }) })).json();
    assert.deepEqual([await ask(ada.token), await ask(bob.token)], [[true, true], [true, false]]);
  } finally {
    await worker.close();
  }
});

test("roles and actions", async () => {
  const roles = createRolesClient(options);
  await roles.register([{ action: "notes:export", description: "Export" }, { action: "notes:print" }]);
  await roles.register([{ action: "notes:export" }]);
  assert.equal(await roles.allows(bob.token, "notes:export", team.id), false);
  assert.deepEqual(await roles.actions(bob.token, team.id), []);
  await assert.rejects(roles.register([{ action: "Not an action" }]), { code: "request_refused" });
});

test("AuthZEN", async () => {
  const headers = { authorization: `Bearer ${key}` };
  const { id: store } = await json(`${server.url}/stores`, { name: "wiki" }, headers);
  const model = {
    schema_version: "1.1",
    type_definitions: [
      { type: "user" },
      { type: "doc", relations: { viewer: { this: {} } }, metadata: { relations: { viewer: { directly_related_user_types: [{ type: "user" }] } } } },
    ],
  };
  await json(`${server.url}/stores/${store}/authorization-models`, model, headers);
  const tuples = Array.from({ length: 30 }, (_, at) => ({ user: "user:ada", relation: "viewer", object: `doc:${at}` }));
  await json(`${server.url}/stores/${store}/write`, { writes: { tuple_keys: tuples } }, headers);
  const client = createAuthZenClient({ url: `${server.url}/stores/${store}`, token: key });
  const user = (id) => ({ type: "user", id });
  const question = (who, id) => ({ subject: user(who), action: { name: "viewer" }, resource: { type: "doc", id } });
  assert.deepEqual(await client.evaluate(question("ada", "7")), { decision: true });
  assert.deepEqual(await client.evaluate(question("bob", "7")), { decision: false });
  const many = await client.evaluations(Array.from({ length: 130 }, (_, at) => question("ada", String(at))));
  assert.deepEqual([many.length, many.filter(({ decision }) => decision).length], [130, 30]);
  const [odd] = await client.evaluations([{ ...question("ada", "7"), action: { name: "nothing" } }]);
  assert.equal(odd.decision, false);
  assert.equal(odd.context.error.status, 400);
  const all = async (found) => {
    const list = [];
    for await (const one of found) list.push(one);
    return list;
  };
  assert.deepEqual(await all(client.subjects("user", "viewer", { type: "doc", id: "7" })), [user("ada")]);
  assert.equal((await all(client.resources(user("ada"), "viewer", "doc"))).length, 30);
  assert.deepEqual(await all(client.actions(user("ada"), { type: "doc", id: "7" })), ["viewer"]);
  await assert.rejects(createAuthZenClient({ url: server.url, token: "sk_nothing" }).evaluate(question("ada", "7")), { code: "login_required" });
});

describe("a server that fails", () => {
  const question = { subject: { type: "user", id: "a" }, action: { name: "x" }, resource: { type: "doc", id: "1" } };

  test("questions are asked a second time, changes are not", async () => {
    const failing = await standIn((count) => (count % 2 === 1 ? { status: 503 } : { body: { decision: true, id: "p", resource_type: "note", resource_id: "7", workspace_id: "w", owner_id: "o", shares: [] } }));
    try {
      const made = { sentinelUrl: failing.url, serviceKey: "k", serviceName: "notes" };
      assert.deepEqual(await createAuthZenClient({ url: failing.url }).evaluate(question), { decision: true });
      assert.equal(failing.seen.length, 2);
      const permissions = createPermissionsClient(made);
      await assert.rejects(permissions.register({ object: "note:7", workspaceId: "w", ownerId: "o" }), { code: "unavailable", status: 503 });
      assert.equal(failing.seen.length, 3);
      assert.equal((await permissions.get("note:7")).permissionId, "p", "the fourth is good");
      await assert.rejects(permissions.remove("note:7"), { code: "unavailable" });
      assert.equal(failing.seen.length, 5);
    } finally {
      failing.close();
    }
  });

  test("an answer that does not come, or is none, is an error and never a yes", async () => {
    for (const [body, code] of [
      [{ results: [] }, "unavailable"],
      [{ results: "all" }, "unavailable"],
      [[], "unavailable"],
    ]) {
      const odd = await standIn(() => ({ body }));
      const permissions = createPermissionsClient({ sentinelUrl: odd.url, serviceKey: "k", serviceName: "notes" });
      await assert.rejects(permissions.can("t", "view", "note:7"), { code });
      odd.close();
    }
    const truthy = await standIn(() => ({ body: { results: [{ allowed: "true" }], decision: 1 } }));
    assert.equal(await createPermissionsClient({ sentinelUrl: truthy.url, serviceKey: "k", serviceName: "notes" }).can("t", "view", "note:7"), false);
    assert.deepEqual(await createAuthZenClient({ url: truthy.url }).evaluate(question), { decision: false });
    truthy.close();
    const silent = await standIn(() => new Promise(() => {}));
    await assert.rejects(createAuthZenClient({ url: silent.url, timeout: 200 }).evaluate(question), { code: "unavailable" });
    silent.close();
    const gone = await standIn(() => {});
    gone.close();
    await assert.rejects(createAuthZenClient({ url: gone.url, timeout: 1000 }).evaluate(question), { code: "unavailable" });
  });

  test("a key goes where it was told, and behind no redirect", async () => {
    const elsewhere = await standIn(() => ({ body: { decision: true } }));
    const moved = await standIn(() => ({ status: 307, headers: { location: elsewhere.url } }));
    await assert.rejects(createAuthZenClient({ url: moved.url, token: "secret" }).evaluate(question), { code: "request_refused" });
    assert.deepEqual([moved.seen.length, elsewhere.seen.length], [1, 0]);
    elsewhere.close();
    moved.close();
    for (const url of ["http://sentinel.example.com", "ftp://127.0.0.1", "https://a:b@auth.example.com", "nowhere"]) {
      assert.throws(() => createAuthZenClient({ url }), { code: "configuration_invalid" }, url);
    }
    createAuthZenClient({ url: "http://sentinel:9003", plainHttp: true });
  });
});

describe("revocations", () => {
  test("a login that ends is refused by a verifier that follows", { timeout: 60_000 }, async () => {
    const feed = followRevocations({ ...options, every: 50 });
    const verifier = createVerifier({ issuer: server.url, audience: "sentinel:access", jwksUrl: server.jwksUrl, revoked: feed.revoked });
    try {
      await feed.ready();
      const { access_token: token } = await loginThrough(server, { login: "ada", redirect: FRONT_END });
      assert.equal((await verifier.verify(token)).claims.sub, ada.id);
      await json(`${server.url}/auth/logout`, {}, { authorization: `Bearer ${token}` });
      for (;;) {
        const code = await verifier.verify(token).then(() => undefined, (error) => error.code);
        if (code !== undefined) {
          assert.equal(code, "token_revoked");
          break;
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      assert.equal((await verifier.verify(ada.token)).claims.sub, ada.id, "others stay");
    } finally {
      feed.close();
    }
  });

  /** What a token with these claims is found to be after these answers. */
  async function found(answers, claims, more = {}) {
    const stand = await standIn((count) => ({ body: answers[Math.min(count, answers.length) - 1] }));
    const feed = followRevocations({ sentinelUrl: stand.url, serviceKey: "k", every: 60_000, ...more });
    try {
      await feed.ready();
      return await feed.revoked({ claims });
    } finally {
      feed.close();
      stand.close();
    }
  }
  const entry = (kind, value, at = 10_000, seq = 1) => ({ seq, kind, value, at, expires_at: Date.now() + 600_000 });
  const answer = (...revocations) => ({ epoch: "e", last: revocations.length, revocations });
  const claims = { jti: "t1", sid: "s1", sub: "u1", wid: "w1", iat: 10 };

  test("what each kind takes back, as the core has it", async () => {
    for (const [expected, one, token = claims] of [
      [true, entry("token", "t1")],
      [false, entry("token", "t2")],
      [true, entry("session", "s1")],
      [true, entry("user", "u1", 10_001)],
      [false, entry("user", "u1", 10_000)],
      [true, entry("member", "u1/w1", 10_001)],
      [false, entry("member", "u1/w2", 10_001)],
      [true, entry("workspace", "w1", 10_001)],
      [true, entry("all", "", 10_001)],
      [true, entry("all", "", 10_001), { jti: "t1" }],
      [false, entry("all", "", 9_000)],
      [true, entry("token", "t2"), { ...claims, jti: undefined }],
    ]) {
      assert.equal(await found([answer(one)], token), expected, JSON.stringify([one, token]));
    }
  });

  test("it is read to its end, and what cannot be read is not taken", async () => {
    const page = answer(...Array.from({ length: 1000 }, (_, at) => entry("token", `x${at}`, 1, at + 1)));
    assert.equal(await found([page, answer(entry("token", "t1"))], claims), true);
    for (const odd of [{}, { ...answer(), epoch: 7 }, answer(entry("tenant", "t1")), answer({ ...entry("token", "t1"), at: "now" })]) {
      await assert.rejects(found([odd], claims), { code: "unavailable" });
    }
  });

  test("what was heard too long ago tells nothing", async () => {
    let now = 1_000_000;
    let up = true;
    const stand = await standIn(() => (up ? { body: answer() } : { status: 500 }));
    const failures = [];
    const feed = followRevocations({
      sentinelUrl: stand.url,
      serviceKey: "k",
      every: 60_000,
      maxStale: 60_000,
      clock: () => now,
      onError: ({ code }) => failures.push(code),
    });
    await feed.ready();
    assert.equal(feed.revoked({ claims }), false, "at once");
    up = false;
    now += 59_000;
    assert.equal(feed.revoked({ claims }), false);
    now += 1_000;
    await assert.rejects(feed.revoked({ claims }), { code: "unavailable" });
    now -= 100_000;
    await assert.rejects(feed.revoked({ claims }), { code: "unavailable" }, "a clock that went back");
    assert.deepEqual(failures, ["unavailable", "unavailable"]);
    up = true;
    assert.equal(await feed.revoked({ claims }), false);
    feed.close();
    stand.close();
  });
});
