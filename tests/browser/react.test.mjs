// `sentinel-edge/react` in Chromium: real tabs, a real provider's pages, the real server, and a service that enforces.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { withResources } from "../hosts/resources.mjs";
import { publish, rendered } from "./front-end.mjs";
import { logInAs } from "./pages.mjs";
import { Browser, startWorld } from "./world.mjs";

const { launchChromium } = await import("../hosts/chromium.mjs");

const [SHARED, PRIVATE] = [randomUUID(), randomUUID()];
let world, browser, done, ended;
before(
  () =>
    new Promise((ready, failed) => {
      ended = withResources(async (use) => {
        world = await startWorld(use);
        browser = use(await launchChromium());
        for (const id of [SHARED, PRIVATE]) await world.note(id);
        ready();
        await new Promise((resolve) => (done = resolve));
      }).catch(failed);
    }),
);
after(() => {
  done?.();
  return ended;
});

const settings = (mode) => ({ mode, notes: [SHARED, PRIVATE], ...world[mode] });

/** A browser of someone's own; `tab` opens one more of its tabs. What a page throws fails the test. */
async function visitor(t) {
  const context = await browser.newContext();
  const asked = [];
  const failed = [];
  context.on("request", (request) => {
    const { origin, pathname } = new URL(request.url());
    if (request.method() === "POST" || request.isNavigationRequest()) asked.push(`${request.method()} ${pathname}`);
    else if (origin === world.server.url) asked.push(`GET ${pathname}`);
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(failed, []);
  });
  const tab = async (path = "/") => {
    const page = await context.newPage();
    page.on("pageerror", (error) => failed.push(error));
    await page.goto(world.service.origin + path);
    const shows = (id, text) =>
      page.waitForFunction(([id, text]) => document.getElementById(id)?.textContent === text, [id, text], { timeout: 10_000 }).catch(async (error) => { throw new Error(`${id} is not ${text}: ${await page.innerHTML("body")}`, { cause: error }); });
    /** The provider knows the person the second time, and still asks whether the front end may know. */
    const choose = async (workspace) => {
      const [agree, choice] = ["button[type=submit]", `button:has-text("${workspace}")`];
      await page.click(`${agree}, ${choice}`);
      if (await page.waitForSelector(`${choice}, #status`).then((found) => found.evaluate(({ id }) => id !== "status"))) await page.click(choice);
      await shows("status", "authenticated");
    };
    const logIn = async (login, workspace) => {
      await page.click("#in");
      await logInAs(page, login);
      await page.click(`button:has-text("${workspace}")`);
      await shows("status", "authenticated");
    };
    return { page, shows, logIn, choose, note: (id, text) => shows(`note-${id}`, text) };
  };
  return { tab, asked, count: (what) => asked.filter((one) => one === what).length };
}

for (const release of [19, 18]) {
  for (const mode of ["proxy", "authz"]) {
    test(`React ${release}, ${mode} mode, strict: a login, a workspace, what is allowed and what is not`, async (t) => {
      await publish(world.service, settings(mode), { release });
      const { tab, count } = await visitor(t);
      const { page, shows, logIn, choose, note } = await tab();
      await shows("status", "unauthenticated");
      await logIn("ada", "Team");
      assert.deepEqual(await page.evaluate(() => window.arrived), [["ada@example.test", "/notes?from=login"]]);
      assert.equal(page.url(), `${world.service.origin}/notes?from=login`);
      const exchanges = mode === "proxy" ? ["GET /auth/workspaces", "POST /auth/token"] : ["POST /token", "POST /authz/resolve"];
      assert.deepEqual(exchanges.map(count), [1, mode === "proxy" ? 1 : 2], "each step of a login is done once");
      await shows("user", "ada@example.test team owner");
      await shows("rights", "admin export");
      await shows("area", "open");
      await shows("king", "closed");
      await shows("export", "open");
      await note(SHARED, "view edit open");
      await page.click("#out");
      await shows("status", "unauthenticated");

      // The same person, where she only reads.
      await page.click("#in");
      await choose("Guests");
      await shows("user", "ada@example.test guests viewer");
      await shows("rights", "no-admin no-export");
      await shows("area", "closed");
      await shows("export", "closed");
      await note(SHARED, "no-view no-edit closed");
      // And with the user interface left aside.
      const status = (path, init) => page.evaluate(async ([path, init]) => (await window.client.fetch(path, init)).status, [path, init]);
      assert.equal(await status("/api/notes"), 200);
      assert.equal(await status("/api/admin"), 403);
      assert.equal(await page.evaluate(async () => (await fetch("/api/notes")).status), 401);
    });
  }
}

describe("in proxy mode", () => {
  before(() => publish(world.service, settings("proxy")));

  test("a share is seen without loading the page anew", async (t) => {
    const [adas, bobs] = [await (await visitor(t)).tab(), await (await visitor(t)).tab()];
    await adas.logIn("ada", "Team");
    await bobs.logIn("bob", "Team");
    await adas.note(SHARED, "view edit open");
    await bobs.note(SHARED, "no-view no-edit closed");
    const share = { grantee_type: "user", grantee_id: world.people.bob.id, permission: "view" };
    const bearer = await adas.page.evaluate(() => window.client.getToken());
    await world.post(`/permissions/${(await world.record(SHARED)).id}/share`, share, bearer);
    await bobs.page.evaluate(() => window.policyChanged());
    await bobs.note(SHARED, "view no-edit closed");
    await bobs.note(PRIVATE, "no-view no-edit closed");
  });

  test("20 requests in each of two tabs, while the tokens have expired: one refresh", async (t) => {
    const { tab, count } = await visitor(t);
    const one = await tab();
    await one.logIn("bob", "Team");
    const two = await tab();
    await two.shows("user", "bob@example.test team viewer");
    assert.equal(count("POST /auth/token"), 1, "the second tab asked the first");
    const burst = ({ page }) =>
      page.evaluate(async () => {
        window.skew = 3_600_000;
        const answers = await Promise.all(Array.from({ length: 20 }, () => window.client.fetch("/api/notes")));
        return [answers.map(({ status }) => status), window.client.getToken()];
      });
    const [[first, token], [second, same]] = await Promise.all([burst(one), burst(two)]);
    assert.deepEqual([first, second], [Array(20).fill(200), Array(20).fill(200)]);
    assert.equal(token, same);
    assert.equal(count("POST /auth/refresh"), 1);
  });

  test("tokens are replaced before they expire, without being asked for", async (t) => {
    const { tab, count } = await visitor(t);
    const { page, logIn } = await tab();
    await page.clock.install();
    await logIn("bob", "Team");
    const token = () => page.evaluate(() => window.client.getToken());
    const before = await token();
    await page.clock.fastForward(830_000);
    assert.equal(await token(), before, "a minute before their end, and not sooner");
    await page.clock.fastForward(15_000);
    for (let tries = 0; tries < 200 && (await token()) === before; tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.notEqual(await token(), before);
    assert.equal(count("POST /auth/refresh"), 1);
  });

  test("a tab that is looked at again replaces what is due", async (t) => {
    const { tab, count } = await visitor(t);
    const { page, logIn } = await tab();
    await logIn("bob", "Team");
    const before = await page.evaluate(() => window.client.getToken());
    await page.evaluate(() => {
      window.skew = 850_000;
      document.dispatchEvent(new Event("visibilitychange"));
    });
    await page.waitForFunction((before) => window.client.getToken() !== before, before);
    assert.equal(count("POST /auth/refresh"), 1);
  });

  test("logged out in one tab, logged out in all; logged in again, the same", async (t) => {
    const { tab } = await visitor(t);
    const one = await tab();
    await one.logIn("bob", "Team");
    const two = await tab();
    await two.shows("status", "authenticated");
    const headers = await one.page.evaluate(() => window.client.getHeaders());
    await two.page.click("#out");
    await one.shows("status", "unauthenticated");
    await one.shows("error", "");
    assert.equal(await one.page.evaluate(() => window.client.getToken()), null);
    const me = async () => (await fetch(`${world.server.url}/users/me`, { headers })).status;
    for (let tries = 0; tries < 50 && (await me()) !== 401; tries += 1) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(await me(), 401);
    await one.page.click("#in");
    await one.choose("Guests");
    await two.shows("user", "bob@example.test guests owner");
  });

  test("a session that the server ended: logged out, and said why", async (t) => {
    const { page, logIn, shows } = await (await visitor(t)).tab();
    await logIn("bob", "Team");
    const headers = await page.evaluate(() => window.client.getHeaders());
    assert.equal((await fetch(`${world.server.url}/auth/logout`, { method: "POST", headers })).status, 200);
    assert.equal(await page.evaluate(() => window.client.refresh()), false);
    await shows("status", "unauthenticated");
    await shows("error", "login_required");
    assert.equal(await page.isVisible("#in"), true);
  });

  test("the server stops: nothing is shown that it cannot confirm, and it comes back by itself", async (t) => {
    const { page, logIn, shows, note } = await (await visitor(t)).tab();
    await logIn("ada", "Team");
    await note(PRIVATE, "view edit open");
    await world.server.stop();
    try {
      assert.equal(await page.evaluate(async () => (await window.client.fetch("/api/notes")).status), 200, "what was issued holds");
      await page.evaluate(() => window.policyChanged());
      await note(PRIVATE, "no-view unavailable closed");
      const code = await page.evaluate(async () => {
        window.skew = 3_600_000;
        return window.client.fetch("/api/notes").catch(({ code }) => code);
      });
      assert.equal(code, "unavailable");
      await shows("status", "unavailable");
      await shows("error", "unavailable");
      await shows("gone", "gone");
      assert.equal(await page.isVisible("#user"), false);
    } finally {
      await world.server.start();
    }
    await shows("user", "ada@example.test team owner");
    await note(PRIVATE, "view edit open");
  });

  test("answers that nobody asked for are refused, and sent nowhere", async (t) => {
    // A good code of Bob's, which he has the server give him, and sends to someone else in a link.
    const asked = { redirect_uri: world.redirectUri, code_challenge: "x".repeat(43), code_challenge_method: "S256", state: "his" };
    const link = await new Browser().answer(`${world.server.url}/auth/login/oidc?${new URLSearchParams(asked)}`, "bob", world.redirectUri);
    assert.ok(new URL(link).searchParams.get("code"));
    const { pathname, search } = new URL(link);
    for (const path of [pathname + search, "/auth/callback?code=forged&state=forged", "/auth/callback?code=forged", "/auth/callback?error=access_denied&state=x", "/auth/callback#id_token=x&state=__proto__", "/auth/callback"]) {
      const victim = await visitor(t);
      const { page, shows } = await victim.tab(path);
      await shows("refused", "login_refused");
      assert.deepEqual(victim.asked, ["GET /auth/callback"], "the server is asked nothing");
      assert.equal(page.url(), `${world.service.origin}/auth/callback`, "and nothing of it stays in the address");
    }
  });

  test("an answer that was used cannot be used again", async (t) => {
    const { tab, asked } = await visitor(t);
    const { page, shows, logIn } = await tab();
    const links = [];
    page.on("request", (request) => request.isNavigationRequest() && links.push(request.url()));
    await logIn("ada", "Team");
    const [link] = links.filter((url) => url.startsWith(`${world.service.origin}/auth/callback?`));
    await page.click("#out");
    await shows("status", "unauthenticated");
    asked.length = 0;
    await page.goto(link);
    await shows("refused", "login_refused");
    assert.deepEqual(asked, ["GET /auth/callback"]);
  });
});

for (const release of [19, 18]) {
  test(`React ${release}: rendered on a server, and taken over in the browser`, async (t) => {
    const app = { ...settings("proxy"), path: "/" };
    const html = await rendered(app, release);
    assert.match(html, /<p id="status">loading<\/p>/);
    assert.doesNotMatch(html, /id="(in|out|user|area)"/, "a server knows of nobody, and shows neither side");
    await publish(world.service, app, { release, html });
    const { page, shows } = await (await visitor(t)).tab();
    await shows("status", "unauthenticated");
    assert.equal(await page.evaluate(() => window.recovered), undefined, "what the server rendered was right");
    await page.click("#in");
    await page.waitForSelector("input[name=login]");
  });
}
