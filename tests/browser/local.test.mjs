// Local accounts in a front end of one's own: `SentinelLocal` and React in Chromium, the real server, a service that
// verifies. `target/local` has the pictures.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { installed, linkPackage, root } from "../hosts/install.mjs";
import { withResources } from "../hosts/resources.mjs";
import { claims, FIRST, GIVEN, OWNERS, startHousehold, untilDue } from "./household.mjs";
import { album } from "./shots.mjs";

await installed("hosts", "browser");
linkPackage("browser");
const { bundle } = await import("../hosts/bundle.mjs");
const { launchChromium } = await import("../hosts/chromium.mjs");
const { publish } = await import("./front-end.mjs");
const { startService } = await import("./service.mjs");

const HOSTILE = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>`;
const shot = album("local");
let server, service, browser, owner, done, ended;
before(
  () =>
    new Promise((ready, failed) => {
      ended = withResources(async (use) => {
        service = use(await startService());
        server = use(await startHousehold(use));
        await server.cli("client", "create", "web", "--redirect-uri", `${service.origin}/auth/callback`, "--origin", service.origin);
        const ours = { issuer: server.url, jwksUrl: server.jwksUrl };
        service.protect({ ...ours, idp: ours, audience: ["nobody"] });
        browser = use(await launchChromium());
        ready();
        await new Promise((resolve) => (done = resolve));
      }).catch(failed);
    }),
);
after(() => {
  done?.();
  return ended;
});

/** A request to the server, past every page. */
async function ask(method, path, bearer, body) {
  const headers = { "content-type": "application/json", ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) };
  const response = await fetch(server.url + path, { method, headers, body: body && JSON.stringify(body) });
  assert.ok(response.ok, `${method} ${path}: ${response.status}`);
  return { fresh: response.headers.get("x-refreshed-token"), answer: response.status === 204 ? undefined : await response.json() };
}
const logIn = async (username, pin) => (await ask("POST", "/local/login", undefined, { username, pin })).answer.access_token;

const settings = (more = {}) => ({ sentinelUrl: server.url, origins: [service.origin, server.url], ...more });
const app = { app: "household.jsx" };

async function visitor(t, more) {
  const context = await browser.newContext(more);
  const [failed, asked] = [[], []];
  context.on("request", (request) => new URL(request.url()).origin === server.url && request.method() !== "OPTIONS" && asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  t.after(async () => {
    for (const page of context.pages()) assert.equal(await page.evaluate(() => window.hit), undefined, "a text became a script");
    await context.close();
    assert.deepEqual(failed, []);
  });
  const tab = async () => {
    const page = await context.newPage();
    page.on("pageerror", (error) => failed.push(error));
    await page.goto(service.origin);
    const shows = (id, text) =>
      page.waitForFunction(([id, text]) => document.getElementById(id)?.textContent === text, [id, text], { timeout: 15_000 }).catch(async (error) => { throw new Error(`${id} is not ${text}: ${await page.innerHTML("body")}`, { cause: error }); });
    const form = (name) => page.getByRole("form", { name });
    return {
      page,
      shows,
      banner: form("Change PIN"),
      async logIn(username, pin) {
        await form("Log in").getByLabel("Username").fill(username);
        await form("Log in").getByLabel("PIN").fill(pin);
        await form("Log in").getByRole("button").click();
      },
      async changePin(current, next) {
        await form("Change PIN").getByLabel("PIN of now").fill(current);
        await form("Change PIN").getByLabel("New PIN").fill(next);
        await form("Change PIN").getByRole("button").click();
      },
      token: () => page.evaluate(() => window.client.getToken()),
      /** So many requests at once; their statuses. */
      burst: (url, times) => page.evaluate(([url, times]) => Promise.all(Array.from({ length: times }, async () => (await window.client.fetch(url)).status)), [url, times]),
    };
  };
  return { tab, asked, count: (what) => asked.filter((one) => one === what).length };
}

test("the banner asks for another PIN until there is one, in every tab", async (t) => {
  await publish(service, settings(), app);
  const { tab } = await visitor(t);
  const one = await tab();
  await one.shows("status", "unauthenticated");
  await one.logIn("owner", "000000");
  await one.page.getByRole("alert").filter({ hasText: "login_refused" }).waitFor();
  await one.logIn("owner", FIRST);
  await one.shows("user", "owner owner owner 10");
  await one.shows("area", "open");
  await one.banner.waitFor();
  await shot(one.page, "the banner");
  const two = await tab();
  await two.banner.waitFor();
  await one.changePin("000000", OWNERS);
  await one.banner.getByRole("alert").filter({ hasText: "refused: 400" }).waitFor();
  await one.changePin(FIRST, "111111");
  await one.banner.getByRole("alert").filter({ hasText: "refused: 400" }).waitFor();
  await shot(one.page, "a PIN that is refused");
  await one.changePin(FIRST, OWNERS);
  await one.banner.waitFor({ state: "detached" });
  await two.banner.waitFor({ state: "detached" });
  await shot(one.page, "no banner");
  const token = await one.token();
  assert.deepEqual([await two.token(), claims(token).must_change_pin], [token, false], "the answer's token is everyone's, though it may be of the same second");
  // Tabs are told at once, and the server as well.
  const told = two.page.waitForResponse((response) => response.url().endsWith("/auth/logout"));
  await two.page.getByRole("button", { name: "Log out" }).click();
  await one.shows("status", "unauthenticated");
  assert.equal((await told).status(), 200);
  assert.equal((await fetch(`${server.url}/local/me`, { headers: { authorization: `Bearer ${token}` } })).status, 401);
  owner = await logIn("owner", OWNERS);
});

for (const release of [19, 18]) {
  test(`React ${release}: whoever got an account logs in with the given PIN and must change it; a viewer is no admin`, async (t) => {
    await publish(service, settings(), { ...app, release });
    const username = `mallory_${release}`;
    await ask("POST", "/local/users", owner, { username, name: HOSTILE, pin: GIVEN });
    const { tab } = await visitor(t, { userAgent: HOSTILE });
    const one = await tab();
    await one.logIn(username, GIVEN);
    await one.shows("user", `${username} ${HOSTILE} viewer 0`);
    await one.shows("area", "closed");
    await one.banner.waitFor();
    await shot(one.page, `a hostile name in React ${release}`);
    assert.deepEqual(await one.burst(`${server.url}/local/users`, 1), [403]);
    assert.deepEqual(await one.burst(`${service.origin}/api/admin`, 1), [403]);
    await one.changePin(GIVEN, "640281");
    await one.banner.waitFor({ state: "detached" });
    assert.deepEqual(await one.burst(`${service.origin}/api/notes`, 1), [200]);
  });
}

test("the token is swapped silently: 20 requests at once in each of two tabs, one token for both", async (t) => {
  await publish(service, settings(), app);
  const { tab, count } = await visitor(t);
  const one = await tab();
  await one.logIn("owner", OWNERS);
  await one.shows("status", "authenticated");
  const two = await tab();
  await two.shows("status", "authenticated");
  const first = await one.token();
  assert.equal(await two.token(), first, "the second tab asked the first");
  const states = await one.page.evaluateHandle(() => {
    const seen = [];
    window.client.subscribe(() => seen.push(window.client.getState().status));
    return seen;
  });
  await untilDue();
  const me = `${server.url}/local/me`;
  assert.deepEqual(await Promise.all([one.burst(me, 20), two.burst(me, 20)]), Array(2).fill(Array(20).fill(200)));
  assert.equal(count("GET /local/me"), 40, "the answers themselves bring it: nothing else is asked");
  // What one tab has taken last reaches the other by its channel.
  await one.page.waitForFunction((other) => window.client.getToken() === other, await two.token());
  const token = await one.token();
  assert.equal(await two.token(), token);
  assert.deepEqual([claims(token).sid, claims(token).iat > claims(first).iat], [claims(first).sid, true]);
  assert.deepEqual(await states.jsonValue(), [], "nobody saw anything of it");
});

test("where services alone are asked, the server is asked once for the next token", async (t) => {
  await publish(service, settings(), app);
  const { tab, count } = await visitor(t);
  const one = await tab();
  await one.logIn("owner", OWNERS);
  await one.shows("status", "authenticated");
  const first = await one.token();
  const notes = `${service.origin}/api/notes`;
  assert.deepEqual(await one.burst(notes, 3), [200, 200, 200]);
  assert.equal(count("GET /local/me"), 0, "it is young");
  await untilDue();
  assert.deepEqual(await one.burst(notes, 20), Array(20).fill(200));
  await one.page.waitForFunction((first) => window.client.getToken() !== first, first);
  assert.equal(count("GET /local/me"), 1);
  assert.deepEqual(await one.burst(notes, 20), Array(20).fill(200));
  assert.equal(count("GET /local/me"), 1);
});

test("no older token, no other session's, and nothing from where the token does not go", async (t) => {
  await publish(service, settings(), app);
  const { tab } = await visitor(t);
  const one = await tab();
  await one.logIn("owner", OWNERS);
  await one.shows("status", "authenticated");
  const first = await one.token();
  await untilDue();
  const { fresh: middle } = await ask("GET", "/local/me", first);
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const { fresh: later } = await ask("GET", "/local/me", first);
  assert.ok(claims(later).iat > claims(middle).iat && claims(middle).iat > claims(first).iat);
  const answer = (token) => ({ status: 200, json: {}, headers: { "access-control-allow-origin": "*", "access-control-allow-headers": "*", "access-control-expose-headers": "*", "x-refreshed-token": token } });
  const bring = async (url, token) => {
    await one.page.route(url, (route) => route.fulfill(answer(token)));
    assert.deepEqual(await one.burst(url, 1), [200]);
    await one.page.unroute(url);
    return one.token();
  };
  const foreign = await logIn("owner", OWNERS);
  const forged = ["e30", "e30.e30.e30", "null", `e30.${Buffer.from(JSON.stringify({ ...claims(later), sub: "someone" })).toString("base64url")}.x`, `e30.${Buffer.from(JSON.stringify({ ...claims(later), exp: undefined })).toString("base64url")}.x`];
  // The session is asked for, too, where none is taken: it would be renewed by itself.
  await one.page.route(`${server.url}/local/me`, (route) => route.fulfill({ status: 200, json: {}, headers: { "access-control-allow-origin": "*", "access-control-allow-headers": "*" } }));
  for (const token of [foreign, ...forged]) assert.equal(await bring(`${service.origin}/api/one`, token), first, token);
  assert.equal(await bring("https://elsewhere.example/api", later), first, "an origin that is sent no token brings none");
  // Two requests with the same token: the answer to the first one comes last, with an older token than the other's.
  let release;
  const held = new Promise((resolve) => (release = resolve));
  const slow = `${service.origin}/api/slow`;
  await one.page.route(slow, async (route) => {
    await held;
    await route.fulfill(answer(middle));
  });
  const sent = one.page.waitForRequest(slow);
  const pending = one.burst(slow, 1);
  assert.equal((await sent).headers().authorization, `Bearer ${first}`);
  assert.equal(await bring(`${service.origin}/api/one`, later), later, "one that is sent it may pass it on");
  release();
  assert.deepEqual(await pending, [200]);
  assert.equal(await one.token(), later, "a late answer");
  assert.equal(await bring(`${service.origin}/api/one`, first), later, "the token from before");
});

test("a session that is ended elsewhere ends here, and so does one that nobody uses", async (t) => {
  await publish(service, settings(), app);
  const { tab, count } = await visitor(t);
  const one = await tab();
  await one.logIn("owner", OWNERS);
  await one.shows("status", "authenticated");
  const { sid } = claims(await one.token());
  await ask("DELETE", `/users/me/sessions/${sid}`, await logIn("owner", OWNERS));
  assert.deepEqual(await one.burst(`${server.url}/local/me`, 3), [401, 401, 401]);
  await one.shows("status", "unauthenticated");
  await one.shows("error", "login_required");
  await shot(one.page, "the session has ended");

  await one.logIn("owner", OWNERS);
  await one.shows("status", "authenticated");
  const before = count("GET /local/me");
  await one.page.evaluate(() => {
    window.skew = 61_000;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await one.shows("status", "unauthenticated");
  await one.shows("error", "login_required");
  assert.equal(count("GET /local/me"), before, "asking would be using it");
});

test("an answer that was redirected brings none: it may be anyone's", async (t) => {
  let brought, to;
  /** Sends on with a redirect, or answers with a token. */
  const start = async () => {
    const other = createServer((request, response) => {
      const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "authorization", "access-control-expose-headers": "x-refreshed-token" };
      if (request.method === "OPTIONS") response.writeHead(204, cors).end();
      else if (request.url === "/moved") response.writeHead(307, { ...cors, location: to }).end();
      else response.writeHead(200, { ...cors, "x-refreshed-token": brought }).end("{}");
    });
    await new Promise((resolve) => other.listen(0, "127.0.0.1", resolve));
    t.after(() => new Promise((resolve) => (other.closeAllConnections(), other.close(resolve))));
    return `http://127.0.0.1:${other.address().port}`;
  };
  const [configured, elsewhere] = [await start(), await start()];
  to = `${elsewhere}/there`;
  await publish(service, settings({ origins: [service.origin, server.url, configured] }), app);
  const { tab } = await visitor(t);
  const one = await tab();
  await one.logIn("owner", OWNERS);
  await one.shows("status", "authenticated");
  const first = await one.token();
  await untilDue();
  brought = (await ask("GET", "/local/me", first)).fresh;
  // What the server would bring is not what is looked at here.
  await one.page.route(`${server.url}/local/me`, (route) => route.fulfill({ status: 200, json: {}, headers: { "access-control-allow-origin": "*", "access-control-allow-headers": "*" } }));
  assert.ok(claims(brought).iat > claims(first).iat);
  assert.deepEqual(await one.burst(`${configured}/moved`, 1), [200]);
  assert.equal(await one.token(), first);
  assert.deepEqual(await one.burst(`${configured}/there`, 1), [200]);
  assert.equal(await one.token(), brought, "unlike an answer of its own");
});

test("the guide's front ends, as they stand", async (t) => {
  const block = async (page, language) => {
    const text = await readFile(join(root, "docs/guide", page), "utf8");
    const found = [...text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))].map(([, code]) => code);
    return found.find((code) => code.includes("SentinelLocal")).replaceAll("https://auth.example.com", server.url);
  };
  owner = await logIn("owner", OWNERS);
  await ask("POST", "/local/users", owner, { username: "ada", name: "Ada", pin: "739154" });
  const open = async (code, loader) => {
    service.pages.set("/main.js", await bundle(code, import.meta.dirname, { loader }));
    service.pages.set("/", `<!doctype html><title>Notes</title><div id=root></div><script type=module src=/main.js></script>`);
    const { page } = await (await visitor(t)).tab();
    return page;
  };
  await (await open(`${await block("browser-client.md", "js")}; document.title = "done";`, "js")).waitForFunction(() => document.title === "done");
  await logIn("ada", "402816");

  await ask("POST", "/local/users", owner, { username: "bob", name: "Bob", pin: GIVEN });
  const page = await open(await block("react.md", "jsx"), "jsx");
  await page.getByLabel("Username").fill("bob");
  await page.getByLabel("PIN").fill(GIVEN);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("heading", { name: "Hello Bob" }).waitFor();
  await page.getByLabel("PIN of now").fill(GIVEN);
  await page.getByLabel("New PIN").fill("640281");
  await page.getByRole("button", { name: "Change PIN" }).click();
  await page.getByRole("form", { name: "Change PIN" }).waitFor({ state: "detached" });
  await shot(page, "the guide's front end");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("button", { name: "Log in" }).waitFor();
});
