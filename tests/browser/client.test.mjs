// `sentinel-edge/client` in Node: every answer is the real server's and the real provider's. What only browsers have (their
// storage, several tabs, the address) is in `react.test.mjs`.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { withResources } from "../hosts/resources.mjs";
import { Browser, CODES, FRAGMENTS, startWorld } from "./world.mjs";

const { createDecider, IdpConfigs, RequestError, safeReturnPath, SentinelAuth, SentinelAuthz, SentinelError } = await import("sentinel-edge/client");
const { SentinelAuth: FromCommonJs } = (await import("node:module")).createRequire(import.meta.url)("sentinel-edge/client");

let world, done, ended;
before(
  () =>
    new Promise((ready, failed) => {
      ended = withResources(async (use) => {
        world = await startWorld(use);
        ready();
        await new Promise((resolve) => (done = resolve));
      }).catch(failed);
    }),
);
after(() => {
  done?.();
  return ended;
});

/** A client, and what it asked the server and the service: its own `fetch`, looked at. */
function make(Mode = SentinelAuth, { origin, ...options } = {}) {
  const asked = [];
  let skew = 0;
  let departed;
  const client = new Mode({
    ...(Mode === SentinelAuthz ? world.authz : world.proxy),
    clock: () => Date.now() + skew,
    navigate: (url) => (departed = url),
    fetch: (input, init) => {
      asked.push(new URL(input.url ?? input).pathname);
      // Every browser says where a page is from.
      return fetch(input, init && { ...init, headers: { ...init.headers, origin: origin ?? world.service.origin } });
    },
    ...options,
  });
  after(() => client.destroy());
  /** Where the browser comes back to, once someone has logged in. */
  const comeBack = async ({ login = "ada", provider = "oidc", ...more } = {}) => {
    await client.login(provider, more);
    return new Browser().answer(departed, login, world.redirectUri);
  };
  return {
    client,
    asked,
    comeBack,
    count: (path) => asked.filter((one) => one === path).length,
    /** Lets time pass, for this client alone. */
    pass: (seconds) => (skew += seconds * 1000),
    async logIn({ workspace = "team", ...more } = {}) {
      const arrival = await client.handleCallback(await comeBack(more));
      const choice = arrival.workspaces.find(({ slug }) => slug === workspace);
      return client.selectWorkspace(choice.id);
    },
  };
}

const api = (path) => `${world.service.origin}/api/${path}`;
const refuses = (code) => (error) => error instanceof SentinelError && error.code === code;
const changed = (client, status) =>
  new Promise((resolve) => {
    const look = () => client.getState().status === status && (stop(), resolve(client.getState()));
    const stop = client.subscribe(look);
    look();
  });

describe("proxy mode", () => {
  test("a login, a workspace, a request", async () => {
    const { client, comeBack, asked } = make();
    assert.equal(client.getState().status, "loading");
    assert.equal((await client.ready()).status, "unauthenticated");
    assert.deepEqual(await client.getProviders(), ["oidc"]);
    const seen = [];
    client.onAuthStateChange((user) => seen.push(user?.email ?? null));

    const back = await comeBack({ returnTo: "/notes/7?tab=1#top" });
    const arrival = await client.handleCallback(back);
    assert.equal(arrival.returnTo, "/notes/7?tab=1#top");
    assert.deepEqual(arrival.workspaces.map(({ slug, role }) => [slug, role]).sort(), [["guests", "viewer"], ["team", "owner"]]);
    assert.equal(client.isAuthenticated, false);
    assert.equal(client.handleCallback(back), client.handleCallback(back), "one answer is taken once");
    assert.equal((await client.handleCallback(back)).provider, "oidc");

    const [{ id }] = arrival.workspaces.filter(({ slug }) => slug === "team");
    const choices = [client.selectWorkspace(id), client.selectWorkspace(id)];
    const [user] = await Promise.all(choices);
    assert.deepEqual(user, {
      userId: world.people.ada.id,
      email: "ada@example.test",
      name: "ada",
      workspaceId: world.workspaces.team.id,
      workspaceSlug: "team",
      workspaceRole: "owner",
      groups: [],
      actions: null,
    });
    assert.equal(asked.filter((path) => path === "/auth/token").length, 1);
    assert.deepEqual([client.isAuthenticated, client.getUser(), client.getState().user], [true, user, user]);
    assert.deepEqual(seen, ["ada@example.test"]);
    assert.deepEqual(await client.fetchJson(api("notes")), { hello: user.userId, workspace: user.workspaceId });
    assert.deepEqual(await client.getHeaders(), { authorization: `Bearer ${client.getToken()}` });
  });

  test("tokens go to the configured origins alone, and never in another's stead", async () => {
    const { client, logIn } = make(SentinelAuth, { origins: [world.server.url] });
    await logIn();
    world.service.asked.length = 0;
    assert.equal((await client.fetch(api("notes"))).status, 401);
    await client.fetch(api("notes"), { headers: { authorization: "Basic bWU6bWU=" } });
    assert.deepEqual(world.service.asked.map(({ authorization }) => authorization), [undefined, "Basic bWU6bWU="]);
    assert.equal((await client.fetch(`${world.server.url}/users/me`)).status, 200);
    for (const origins of [["http://api.example.com"], ["ftp://api.example.com"], ["nowhere"], ["null"]]) {
      assert.throws(() => new SentinelAuth({ ...world.proxy, origins }), refuses("configuration_invalid"));
    }
    for (const sentinelUrl of ["http://auth.example.com", "javascript:alert(1)", "auth.example.com"]) {
      assert.throws(() => new SentinelAuth({ ...world.proxy, sentinelUrl }), refuses("configuration_invalid"));
    }
  });

  test("an answer that this tab did not ask for is refused, and nothing is sent for it", async () => {
    const { client, comeBack, asked } = make();
    const back = await comeBack();
    const other = await make().comeBack({ login: "bob" });
    asked.length = 0;
    const spoilt = (change) => {
      const url = new URL(back);
      change(url.searchParams);
      return url.href;
    };
    for (const url of [
      other,
      spoilt((query) => query.set("state", "another")),
      spoilt((query) => query.delete("state")),
      spoilt((query) => query.set("state", "")),
      spoilt((query) => query.set("state", "__proto__")),
      spoilt((query) => query.set("state", "constructor")),
      spoilt((query) => query.append("code", new URL(other).searchParams.get("code"))),
      spoilt((query) => query.append("state", "another")),
    ]) {
      await assert.rejects(client.handleCallback(url), refuses("login_refused"), url);
    }
    assert.deepEqual(asked, []);
    assert.equal(await client.handleCallback(`${world.redirectUri}?tab=1`), null);
    await assert.rejects(client.selectWorkspace(world.workspaces.team.id), refuses("login_refused"));
    // The login itself is still waiting.
    assert.equal((await client.handleCallback(back)).workspaces.length, 2);
  });

  test("an answer is good once, and not for long", async () => {
    const { client, comeBack, logIn, pass } = make();
    const back = await comeBack();
    await client.handleCallback(back);
    await client.login("oidc");
    await assert.rejects(client.handleCallback(back), refuses("login_refused"), "replayed");
    const late = await comeBack();
    pass(601);
    await assert.rejects(client.handleCallback(late), refuses("login_refused"), "late");
    const refused = new URL(await comeBack());
    refused.searchParams.delete("code");
    refused.searchParams.set("error", "access_denied");
    await assert.rejects(client.handleCallback(refused.href), { code: "login_refused", message: "the provider says access_denied" });
    const odd = new URL(await comeBack());
    odd.searchParams.delete("code");
    odd.searchParams.set("error", "<b>Call 555-0100</b>");
    await assert.rejects(client.handleCallback(odd.href), { code: "login_refused", message: "the provider refused" });
    assert.equal((await logIn()).email, "ada@example.test", "and the next login works");
  });

  test("a code that the server refuses, and a workspace that is not the user's", async () => {
    const { client, comeBack } = make();
    const forged = new URL(await comeBack());
    forged.searchParams.set("code", "forged");
    await assert.rejects(client.handleCallback(forged.href), refuses("login_refused"));
    const arrival = await client.handleCallback(await comeBack());
    await assert.rejects(client.selectWorkspace("00000000-0000-4000-8000-000000000000"), refuses("login_refused"));
    // The code is not used up by that.
    assert.equal((await client.selectWorkspace(arrival.workspaces[0].id)).email, "ada@example.test");
  });

  test("20 requests with a token that has expired: one refresh", async () => {
    const { client, logIn, count, pass } = make();
    await logIn();
    const old = client.getToken();
    pass(3600);
    assert.deepEqual([client.isAuthenticated, client.getToken(), client.getUser()], [false, null, null]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.fetch(api("notes"))));
    assert.deepEqual(answers.map(({ status }) => status), Array(20).fill(200));
    assert.equal(count("/auth/refresh"), 1);
    assert.notEqual(client.getToken(), old);
    assert.equal(await client.refresh(), true);
    assert.equal(count("/auth/refresh"), 2, "asked for, it is done though nothing is due");
  });

  test("20 requests whose token the service refuses: one refresh, and each is sent twice", async () => {
    const { client, logIn, count } = make();
    await logIn();
    world.service.refused.add(client.getToken());
    const body = JSON.stringify({ text: "kept for the second time" });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body };
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.fetch(api("echo"), init)));
    assert.deepEqual(await Promise.all(answers.map((answer) => answer.text())), Array(20).fill(body));
    assert.equal(count("/auth/refresh"), 1);
    assert.equal(count("/api/echo"), 40);
  });

  test("a service that refuses every token costs one refresh", async () => {
    const { client, logIn, count } = make();
    await logIn();
    for (let times = 0; times < 5; times += 1) assert.equal((await client.fetch(api("never"))).status, 401);
    assert.equal(count("/auth/refresh"), 1);
    assert.equal((await client.fetch(api("notes"))).status, 200);
    assert.equal(client.getState().status, "authenticated");
  });

  test("logged out: here, at the server, and for a refresh that is under way", async () => {
    const { client, logIn, pass } = make();
    await logIn();
    const token = client.getToken();
    const me = () => fetch(`${world.server.url}/users/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await me()).status, 200);
    const refreshing = client.refresh();
    const loggedOut = client.logout();
    await refreshing;
    assert.equal(await loggedOut, true);
    assert.deepEqual(client.getState(), { status: "unauthenticated", user: null, error: null });
    assert.equal((await me()).status, 401);
    assert.equal(client.getToken(), null);
    assert.equal((await client.fetch(api("notes"))).status, 401);
    assert.equal(await client.logout(), true, "twice does no harm");
    // With tokens that have expired the session ends at the server all the same.
    await logIn();
    const headers = await client.getHeaders();
    pass(3600);
    assert.equal(await client.logout(), true);
    assert.equal((await fetch(`${world.server.url}/users/me`, { headers })).status, 401);
  });

  test("a session that the server has ended: nobody is logged in, and it is said why", async () => {
    const { client, logIn, pass } = make();
    await logIn({ login: "bob" });
    const headers = await client.getHeaders();
    assert.equal((await fetch(`${world.server.url}/auth/logout`, { method: "POST", headers })).status, 200);
    pass(3600);
    assert.equal((await client.fetch(api("notes"))).status, 401);
    const { status, user, error } = client.getState();
    assert.deepEqual([status, user, error.code], ["unauthenticated", null, "login_required"]);
    assert.equal(await client.refresh(), false);
  });

  test("JSON, and its errors", async () => {
    const { client, logIn } = make();
    await logIn({ login: "bob" });
    assert.deepEqual(await client.fetchJson(api("echo"), { json: { a: 1 } }), { a: 1 });
    assert.equal(await client.fetchJson(api("empty")), undefined);
    const failed = async (path) => {
      const error = await client.fetchJson(api(path)).catch((error) => error);
      assert.ok(error instanceof RequestError && error instanceof SentinelError);
      return [error.code, error.status];
    };
    assert.deepEqual(await failed("admin"), ["request_refused", 403]);
    assert.deepEqual(await failed("nothing"), ["request_refused", 404]);
    assert.deepEqual(await failed("broken"), ["unavailable", 500]);
    assert.deepEqual(await failed("never"), ["login_required", 401]);
    await assert.rejects(client.fetchJson("http://127.0.0.1:9/"), refuses("unavailable"));
    await assert.rejects(client.fetchJson(api("text")), refuses("unavailable"));
    await assert.rejects(client.fetchJson(api("notes"), { signal: AbortSignal.abort() }), { name: "AbortError" });
  });

  test("the server stops: what was issued goes on, then nothing is allowed, and it recovers by itself", async () => {
    const { client, logIn, pass } = make();
    await logIn();
    const stop = client.subscribe(() => {});
    await world.server.stop();
    try {
      assert.equal((await client.fetch(api("notes"))).status, 200, "the token holds without the server");
      pass(3600);
      world.service.asked.length = 0;
      await assert.rejects(client.fetch(api("notes")), refuses("unavailable"));
      assert.deepEqual(world.service.asked, [], "nothing goes out without a token");
      const { status, user, error } = client.getState();
      assert.deepEqual([status, user, error.code], ["unavailable", null, "unavailable"]);
      await assert.rejects(client.getHeaders(), refuses("unavailable"));
    } finally {
      await world.server.start();
    }
    assert.equal((await changed(client, "authenticated")).user.email, "ada@example.test");
    assert.equal((await client.fetch(api("notes"))).status, 200);
    stop();
  });

  test("a store keeps the session, and what lies in it is not believed blindly", async () => {
    const items = new Map();
    const storage = { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key) };
    const first = make(SentinelAuth, { storage });
    const user = await first.logIn();
    const second = make(SentinelAuth, { storage });
    assert.deepEqual((await second.client.ready()).user, user);
    const [[key, kept]] = items;
    for (const bad of ["", "{", "null", "[]", "{}", '{"id":1}', kept.replace('"id"', '"di"'), kept.replace(/"expiresAt":\d+/, '"expiresAt":"9"')]) {
      items.set(key, bad);
      assert.equal((await make(SentinelAuth, { storage }).client.ready()).status, "unauthenticated", bad);
    }
    items.set(key, kept);
    await make(SentinelAuth, { storage }).client.logout();
    assert.equal(items.size, 0);
    const broken = { getItem: () => { throw new Error("blocked"); }, setItem: () => { throw new Error("full"); }, removeItem: () => { throw new Error("blocked"); } };
    assert.equal((await make(SentinelAuth, { storage: broken }).logIn()).email, "ada@example.test");
  });

  test("tabs: one login, one refresh, one logout", async () => {
    const tab = () => make(SentinelAuth, { tabs: true, name: "tabs" });
    const [one, two] = [tab(), tab()];
    const user = await one.logIn();
    assert.deepEqual((await two.client.ready()).user, user, "a tab that opens later asks the others");
    assert.equal(two.client.getToken(), one.client.getToken());
    const before = one.client.getToken();
    one.pass(3600);
    two.pass(3600);
    assert.equal((await one.client.fetch(api("notes"))).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal((await two.client.fetch(api("notes"))).status, 200);
    assert.equal(two.client.getToken(), one.client.getToken());
    assert.notEqual(one.client.getToken(), before);
    assert.deepEqual([one.count("/auth/refresh"), two.count("/auth/refresh")], [1, 0]);
    const ended = changed(one.client, "unauthenticated");
    assert.equal(await two.client.logout(), true);
    await ended;
    assert.equal(one.client.getToken(), null);
    // A login elsewhere is everyone's.
    const followed = changed(two.client, "authenticated");
    await one.logIn({ login: "bob" });
    assert.equal((await followed).user.email, "bob@example.test");
    assert.equal((await make(SentinelAuth, { tabs: true, name: "others" }).client.ready()).status, "unauthenticated");
  });
});

describe("authz mode", () => {
  const fragments = () => ({
    idps: { oidc: { clientId: FRAGMENTS, issuer: world.idp.issuer, authorizationUrl: `${world.idp.issuer}/auth` } },
  });

  for (const [name, options] of [["with a code", () => ({})], ["with an ID token in the fragment", fragments]]) {
    test(`a login ${name}, a workspace, a request with both tokens`, async () => {
      const { client, logIn } = make(SentinelAuthz, options());
      assert.deepEqual(await client.getProviders(), ["oidc"]);
      const user = await logIn();
      assert.deepEqual([user.email, user.workspaceSlug, user.workspaceRole, user.actions], ["ada@example.test", "team", "owner", ["notes:export"]]);
      const headers = await client.getHeaders();
      assert.deepEqual(Object.keys(headers).sort(), ["authorization", "x-authz-token"]);
      assert.equal(client.getToken(), headers["x-authz-token"]);
      assert.deepEqual(await client.fetchJson(api("notes")), { hello: user.userId, workspace: user.workspaceId });
    });
  }

  test("20 requests after the authz token has expired: it is asked for once", async () => {
    const { client, logIn, count, pass } = make(SentinelAuthz);
    await logIn();
    const before = count("/authz/resolve");
    pass(301);
    const answers = await Promise.all(Array.from({ length: 20 }, () => client.fetch(api("notes"))));
    assert.deepEqual(answers.map(({ status }) => status), Array(20).fill(200));
    assert.equal(count("/authz/resolve") - before, 1);
  });

  test("the provider's token bounds everything", async () => {
    const { client, logIn, pass } = make(SentinelAuthz);
    await logIn();
    pass(590);
    assert.equal(await client.refresh(), true);
    assert.equal(client.isAuthenticated, true);
    pass(11);
    assert.equal(client.isAuthenticated, false, "a fresh authz token is worth nothing beside an expired one");
  });

  test("answers of other logins and other providers are refused before anyone is asked", async () => {
    const implicit = make(SentinelAuthz, fragments());
    const mine = new URL(await implicit.comeBack());
    const bobs = new URL(await make(SentinelAuthz, fragments()).comeBack({ login: "bob" }));
    const mixed = new URLSearchParams(mine.hash.slice(1));
    mixed.set("id_token", new URLSearchParams(bobs.hash.slice(1)).get("id_token"));
    implicit.asked.length = 0;
    await assert.rejects(implicit.client.handleCallback(`${mine.origin}${mine.pathname}#${mixed}`), { code: "login_refused", message: "the token is another login's" });
    assert.deepEqual(implicit.asked, []);

    const codes = make(SentinelAuthz);
    const foreign = new URL(await codes.comeBack());
    assert.equal(foreign.searchParams.get("iss"), world.idp.issuer);
    foreign.searchParams.set("iss", "https://evil.example.com");
    codes.asked.length = 0;
    await assert.rejects(codes.client.handleCallback(foreign.href), { code: "login_refused", message: "the answer is another provider's" });
    assert.deepEqual(codes.asked, []);
    await assert.rejects(codes.client.login("other"), refuses("configuration_invalid"));
    await assert.rejects(codes.client.login("constructor"), refuses("configuration_invalid"));
  });

  test("a page of an origin that is not registered gets nothing", async () => {
    const { client, comeBack } = make(SentinelAuthz, { origin: "https://evil.example.com" });
    await assert.rejects(client.handleCallback(await comeBack()), refuses("login_refused"));
  });

  test("the second token follows no redirect", async () => {
    const { client, logIn } = make(SentinelAuthz);
    await logIn();
    await assert.rejects(client.fetch(api("moved")), TypeError);
    assert.equal((await client.fetch(api("moved"), { redirect: "follow" })).status, 200);
  });

  test("the known providers", async () => {
    const departs = async (idps, provider) => {
      let departed;
      await new SentinelAuthz({ ...world.authz, idps, navigate: (url) => (departed = new URL(url)) }).login(provider);
      return departed;
    };
    const google = await departs({ google: IdpConfigs.google("me") }, "google");
    assert.equal(google.origin + google.pathname, "https://accounts.google.com/o/oauth2/v2/auth");
    assert.deepEqual([google.searchParams.get("response_type"), google.searchParams.get("client_id")], ["id_token", "me"]);
    assert.match(google.searchParams.get("nonce"), /^[\w-]{43}$/);
    const entra = await departs({ entra_id: IdpConfigs.entraId("me", "tenant") }, "entra_id");
    assert.equal(entra.pathname, "/tenant/oauth2/v2.0/authorize");
    assert.match(entra.searchParams.get("code_challenge"), /^[\w-]{43}$/);
    const github = await departs({ github: IdpConfigs.github() }, "github");
    assert.equal(github.origin + github.pathname, `${world.server.url}/authz/idp/github/login`);
    assert.equal(github.searchParams.get("code_challenge_method"), "S256");
    for (const authorizationUrl of ["javascript:alert(1)", "http://login.example.com/auth", undefined]) {
      await assert.rejects(departs({ bad: { clientId: "me", authorizationUrl } }, "bad"), refuses("configuration_invalid"));
    }
  });
});

test("a decider: questions of one moment are one request, and only a clear yes is one", async () => {
  const { client, logIn } = make();
  const user = await logIn();
  const [mine, none] = [randomUUID(), randomUUID()];
  await world.note(mine);
  const { decide } = createDecider(client, api("access"));
  world.service.asked.length = 0;
  const ask = (relation, object) => decide({ user, relation, object });
  assert.deepEqual(await Promise.all([ask("edit", `note:${mine}`), ask("view", `note:${mine}`), ask("view", `note:${none}`)]), [true, true, false]);
  assert.equal(world.service.asked.length, 1);
  const question = { user, relation: "view", object: `note:${mine}` };
  assert.equal(await createDecider(client, api("echo")).decide(question), false, "an echo is no decision");
  await assert.rejects(createDecider(client, api("odd")).decide(question), refuses("unavailable"));
  await assert.rejects(createDecider(client, api("nothing")).decide(question), refuses("request_refused"));
  await client.logout();
  await assert.rejects(ask("view", "note:1"), refuses("login_required"));
});

test("a return path is a path of this site", () => {
  for (const path of ["/", "/a", "/a/b?c=d&e=/f#g", "/?next=https://example.com/", "/a//b", "/%2F%2Fexample.com", "/@example.com", "/ü"]) {
    assert.equal(safeReturnPath(path), new URL(path, "https://x.test").href.slice("https://x.test".length), path);
  }
  for (const path of [
    undefined, null, 7, {}, "", "a", "example.com", "//example.com", "///example.com", "/\\example.com", "\\\\example.com", "/\t/example.com",
    "/\n/example.com", "/\r\n/example.com", "/.//example.com", "/..//example.com", "/a/..//example.com", "/%2e//example.com", "https://example.com", "https:example.com", "javascript:alert(1)",
    " /a", "/a b", "/a\u0000", "\u0000//example.com", `/${"a".repeat(3000)}`,
  ]) {
    assert.equal(safeReturnPath(path), "/", JSON.stringify(path));
    assert.equal(safeReturnPath(path, "/home"), "/home");
  }
});

test("on a server it can be imported, made and asked, and holds nothing open", async () => {
  const { run } = await import("../hosts/install.mjs");
  const script = `
    import { SentinelAuth, SentinelAuthz } from "sentinel-edge/client";
    for (const client of [new SentinelAuth({ sentinelUrl: "https://auth.example.com" }), new SentinelAuthz({ sentinelUrl: "https://auth.example.com", idps: {} })]) {
      client.subscribe(() => {});
      console.log(client.getState().status, client.getUser(), client.isAuthenticated, await client.handleCallback());
      await client.login("google").catch(({ code }) => console.log(code));
    }`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", script], { cwd: new URL(".", import.meta.url).pathname, timeout: 10_000 });
  assert.deepEqual(stdout.trim().split("\n"), Array(2).fill(["loading null false null", "configuration_invalid"]).flat());
  assert.equal(new FromCommonJs({ sentinelUrl: "https://auth.example.com" }).getState().status, "loading");
});
