// The server's own pages in Chromium: a household's accounts, and the link that sets a password. `target/account` has the pictures.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { installed } from "../hosts/install.mjs";
import { withResources } from "../hosts/resources.mjs";
import { startSentinel } from "../e2e/sentinel.mjs";
import { claims, FIRST, GIVEN, OWNERS, startHousehold, untilDue } from "./household.mjs";
import { album } from "./shots.mjs";

await installed("hosts");
const { launchChromium } = await import("../hosts/chromium.mjs");

/** What would run if any of it became markup. */
const HOSTILE = `<img src=x onerror="window.hit=1"><script>window.hit=1</script>"'>&lt;b`;
const KEY = "sentinel.account";
const shot = album("account");
let server, browser, done, ended;
before(
  () =>
    new Promise((ready, failed) => {
      ended = withResources(async (use) => {
        server = await startHousehold(use);
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

/** Somebody's own browser. What its pages throw, or what their policy stops, fails the test; so does what became a script. */
async function visitor(t, settings = {}) {
  const context = await browser.newContext(settings);
  const failed = [];
  const asked = [];
  context.on("request", (request) => asked.push({ url: request.url(), headers: request.headers(), body: request.postData() ?? "" }));
  const watch = (page) => {
    page.on("pageerror", (error) => failed.push(error));
    page.on("console", (message) => /Content Security Policy|Trusted/.test(message.text()) && failed.push(message.text()));
  };
  context.on("page", watch);
  t.after(async () => {
    for (const page of context.pages()) assert.equal(await page.evaluate(() => window.hit), undefined, "a text became a script");
    await context.close();
    assert.deepEqual(failed, []);
  });
  return { context, asked, failed, open: async (path = "/account") => person(await context.newPage(), path) };
}

async function person(page, path) {
  if (path) await page.goto(server.url + path);
  const heading = (name) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
  const form = (name) => page.getByRole("form", { name, exact: true });
  const fill = async (name, values, press) => {
    const filled = form(name);
    for (const [label, value] of Object.entries(values)) {
      const control = filled.getByLabel(label, { exact: true });
      if ((await control.evaluate(({ tagName }) => tagName)) === "SELECT") await control.selectOption(value);
      else await control.fill(value);
    }
    await filled.getByRole("button", { name: press }).click();
  };
  return {
    page,
    heading,
    form,
    fill,
    banner: page.getByRole("region", { name: "New PIN wanted" }),
    said: (text) => page.getByRole("status").filter({ hasText: text }).waitFor(),
    refused: (text) => page.getByRole("alert").filter({ hasText: text }).waitFor(),
    async logIn(username, pin, name = username) {
      await heading("Log in");
      await fill("Log in", { Username: username, PIN: pin }, "Log in");
      await heading(name);
    },
    changePin: (current, next, again = next) => fill("Change PIN", { "PIN of now": current, "New PIN": next, "New PIN, again": again }, "Change PIN"),
    fact: async (name) => page.locator(`dt:text-is("${name}") + dd`).textContent(),
    sessions: () => page.getByRole("table", { name: "Sessions" }).locator("tbody tr"),
    token: () => page.evaluate((key) => sessionStorage.getItem(key), KEY),
    /** The user interface left aside. */
    status: (method, path, body) =>
      page.evaluate(
        async ([key, method, path, body]) => {
          const headers = { authorization: `Bearer ${sessionStorage.getItem(key)}`, "content-type": "application/json" };
          return (await fetch(path, { method, headers, body: body && JSON.stringify(body) })).status;
        },
        [KEY, method, path, body],
      ),
  };
}

test("where nobody logs in with a PIN there is no such page", () =>
  withResources(async (use) => {
    const other = use(await startSentinel({ RATE_LIMIT_RPM: "0" }));
    const answers = await Promise.all(["/account", "/password"].map((path) => fetch(other.url + path)));
    assert.deepEqual(answers.map(({ status }) => status), [404, 200]);
    for (const path of ["/account", "/password"]) {
      const { headers } = await fetch(server.url + path);
      const policy = headers.get("content-security-policy");
      assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none';/);
      assert.match(policy, /require-trusted-types-for 'script'; trusted-types 'none'/);
      assert.deepEqual([headers.get("cache-control"), headers.get("referrer-policy"), headers.get("x-frame-options")], ["no-store", "no-referrer", "DENY"]);
    }
  }));

test("the owner logs in with the first PIN, is asked for another one, and has her account", async (t) => {
  const { open, asked } = await visitor(t);
  const { page, heading, fill, logIn, banner, said, refused, changePin, fact, token } = await open();
  await heading("Log in");
  await shot(page, "log in");
  await fill("Log in", { Username: "owner", PIN: "999999" }, "Log in");
  await refused("The username or the PIN is wrong");
  await shot(page, "a wrong PIN");
  await logIn("Owner", FIRST, "owner");
  await banner.waitFor();
  await shot(page, "the banner");
  assert.deepEqual([await fact("Username"), await fact("Role"), await fact("Trust level"), await fact("Channels")], ["owner", "owner", "10 of 10", "none"]);
  await page.emulateMedia({ colorScheme: "dark" });
  await shot(page, "in the dark");
  await page.emulateMedia({ colorScheme: "light" });

  // It asks, and keeps nobody from anything: also on other pages, and after a reload.
  await page.getByRole("link", { name: "People" }).click();
  await heading("People");
  await banner.waitFor();
  await page.reload();
  await heading("People");
  await banner.getByRole("button").click();
  await heading("owner");
  await banner.getByRole("button").click();
  assert.equal(await page.evaluate(() => document.activeElement.name), "current_pin");

  await changePin("000000", OWNERS);
  await refused("The current PIN is wrong");
  await changePin(FIRST, "123456");
  await refused("among the first that are guessed");
  await changePin(FIRST, OWNERS, "739155");
  await refused("not the same");
  await changePin(FIRST, OWNERS);
  await said("Your PIN is changed");
  await banner.waitFor({ state: "detached" });
  await shot(page, "the PIN is changed");

  const held = await token();
  await page.getByRole("button", { name: "Log out" }).click();
  await heading("Log in");
  assert.equal(await token(), null);
  assert.equal((await fetch(`${server.url}/local/me`, { headers: { authorization: `Bearer ${held}` } })).status, 401);
  await page.reload();
  await heading("Log in");
  // No PIN and no token ever stood in an address, and no page said where it came from.
  for (const { url, headers } of asked) {
    assert.ok(![FIRST, OWNERS, held].some((secret) => url.includes(secret)), url);
    assert.ok(url.startsWith(server.url), "nothing is loaded from elsewhere");
    assert.ok(!headers.referer);
  }
});

test("an admin makes an account, whose owner logs in with the given PIN and must change it; nothing that they say becomes markup", async (t) => {
  const owners = await (await visitor(t)).open();
  await owners.logIn("owner", OWNERS);
  await owners.page.getByRole("link", { name: "People" }).click();
  await owners.heading("People");
  const create = (more) =>
    owners.fill("New account", { Username: "mallory", Name: HOSTILE, "First PIN": GIVEN, Role: "viewer", "Trust level": "3", Channels: "web signal:mallory", ...more }, "Create account");
  await create({ Channels: HOSTILE });
  await owners.refused("channels must be");
  await create({ "First PIN": "111111" });
  await owners.refused("among the first that are guessed");
  await create({});
  await owners.said("mallory can log in now");
  const row = owners.page.getByRole("row").filter({ hasText: "mallory" });
  assert.deepEqual((await row.locator("td").allTextContents()).slice(1), [HOSTILE, "viewer", "3", "signal:mallory, web", "PIN to be changed"]);
  await shot(owners.page, "people");

  const hers = await visitor(t, { userAgent: HOSTILE });
  const mallory = await hers.open();
  await mallory.logIn("mallory", GIVEN, HOSTILE);
  await mallory.banner.waitFor();
  assert.deepEqual([await mallory.fact("Trust level"), await mallory.fact("Channels")], ["3 of 10", "signal:mallory, web"]);
  await shot(mallory.page, "a hostile name");

  // A viewer has no page for admins, and the server refuses what the page does not offer.
  assert.equal(await mallory.page.getByRole("link", { name: "People" }).count(), 0);
  await mallory.page.goto(`${server.url}/account#people`);
  await mallory.heading("Not for you");
  await shot(mallory.page, "not for a viewer");
  const { sub } = claims(await mallory.token());
  assert.equal(await mallory.status("GET", "/local/users"), 403);
  assert.equal(await mallory.status("POST", "/local/users", { username: "eve", pin: GIVEN, role: "owner" }), 403);
  assert.equal(await mallory.status("PATCH", `/local/users/${sub}`, { role: "owner", trust_level: 10 }), 403);
  assert.equal(await mallory.status("POST", `/local/users/${claims(await owners.token()).sub}/pin`, { pin: GIVEN }), 403);

  await mallory.page.goto(`${server.url}/account#profile`);
  await mallory.heading(HOSTILE);
  await mallory.changePin(GIVEN, "640281");
  await mallory.said("Your PIN is changed");
  await mallory.banner.waitFor({ state: "detached" });

  // What she calls herself stands in the admin's list as text.
  await row.getByRole("link").click();
  await owners.heading("mallory");
  assert.match((await owners.sessions().locator("td").first().textContent()) ?? "", /^<img src=x onerror=/);
  assert.equal(await owners.page.locator("main img, main script").count(), 0);
  await shot(owners.page, "a hostile browser");

  // One session ends: her window is at the login with the next thing that it asks.
  await owners.sessions().getByRole("button", { name: /^End the session/ }).click();
  await owners.said("The session has ended");
  await mallory.page.reload();
  await mallory.heading("Log in");
  await mallory.said("Your session has ended");
  await shot(mallory.page, "the session has ended");

  // Another role and less trust; another PIN; all sessions; the account itself.
  await owners.fill("Change account", { Role: "editor", "Trust level": "1", Channels: "" }, "Save");
  await owners.said("The account is changed");
  await mallory.logIn("mallory", "640281", HOSTILE);
  assert.deepEqual([await mallory.fact("Role"), await mallory.fact("Trust level"), await mallory.fact("Channels")], ["editor", "1 of 10", "none"]);
  await owners.fill("Another PIN", { "First PIN": GIVEN }, "Set PIN");
  await owners.said("another PIN");
  await mallory.page.reload();
  await mallory.said("Your session has ended");
  await mallory.logIn("mallory", GIVEN, HOSTILE);
  await mallory.banner.waitFor();
  await owners.page.getByRole("button", { name: "End all sessions" }).click();
  await owners.said(/^1 sessions have ended/);
  await mallory.page.reload();
  await mallory.said("Your session has ended");
  await owners.page.getByRole("button", { name: "Deactivate" }).click();
  await owners.said("deactivated");
  await shot(owners.page, "deactivated");
  await mallory.fill("Log in", { Username: "mallory", PIN: GIVEN }, "Log in");
  await mallory.refused("deactivated");
});

test("one's own sessions: the other window ends", async (t) => {
  const [here, there] = await Promise.all([visitor(t), visitor(t, { userAgent: "curl/8.7.1" })]);
  const [one, other] = [await here.open(), await there.open()];
  await other.logIn("owner", OWNERS);
  await one.logIn("owner", OWNERS);
  const listed = one.sessions().filter({ hasText: "curl/8.7.1" });
  assert.deepEqual((await listed.locator("td").allTextContents()).slice(0, 2), ["curl/8.7.1", "127.0.0.1"]);
  assert.equal(await one.sessions().filter({ hasText: "Chromium on Linux" }).filter({ hasText: "this one" }).count(), 1);
  await shot(one.page, "two windows");
  await listed.getByRole("button").click();
  await one.said("The session has ended");
  assert.equal(await listed.count(), 0);
  // The other window finds out when it is looked at again.
  await other.page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
  await other.heading("Log in");
  await other.said("Your session has ended");
  assert.equal(await other.token(), null);
  await other.logIn("owner", OWNERS);
  await one.page.getByRole("button", { name: "End all other sessions" }).click();
  await one.said("other sessions have ended");
  assert.equal(await one.sessions().count(), 1);
  await other.page.getByRole("link", { name: "People" }).click();
  await other.heading("Log in");
});

test("the token is swapped silently: 20 requests at once, two tabs, and never for another one", async (t) => {
  const { open, context } = await visitor(t);
  const one = await open();
  await one.logIn("owner", OWNERS);
  const first = await one.token();
  const [popup] = await Promise.all([context.waitForEvent("page"), one.page.evaluate(() => void window.open("/account"))]);
  const two = await person(popup);
  await two.heading("owner");
  assert.equal(claims(await two.token()).sid, claims(first).sid, "a tab that this one opened has the session, too");
  await untilDue();
  const burst = ({ page }) =>
    page.evaluate(async () => {
      const { ask } = await import("/account/ask.js");
      return (await Promise.all(Array.from({ length: 20 }, () => ask("GET", "/local/me")))).map(({ username }) => username);
    });
  assert.deepEqual(await Promise.all([burst(one), burst(two)]), Array(2).fill(Array(20).fill("owner")));
  const [here, there] = [await one.token(), await two.token()];
  for (const token of [here, there]) {
    assert.notEqual(token, first);
    assert.deepEqual([claims(token).sid, claims(token).iat > claims(first).iat], [claims(first).sid, true]);
  }

  // An answer that comes late brings an older one; something on the way brings another session's, or none at all.
  const foreign = (await (await fetch(`${server.url}/local/login`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ username: "owner", pin: OWNERS }) })).json()).access_token;
  for (const brought of [first, foreign, "e30", "a.b.c", "null"]) {
    await one.page.route("**/local/me", async (route) => {
      const response = await route.fetch();
      await route.fulfill({ response, headers: { ...response.headers(), "x-refreshed-token": brought } });
    });
    await one.page.evaluate(async () => void (await (await import("/account/ask.js")).ask("GET", "/local/me")));
    await one.page.unroute("**/local/me");
    assert.equal(await one.token(), here, brought);
  }

  // Past the whole life of these tokens the session goes on, as long as it is used.
  while (Date.now() / 1000 < claims(there).exp + 1) {
    await untilDue();
    await one.page.evaluate(async () => void (await (await import("/account/ask.js")).ask("GET", "/local/me")));
  }
  await one.page.reload();
  await one.heading("owner");
  // The tab that was not used has an expired token: its session lives, and it has nothing of it.
  await two.page.reload();
  await two.heading("Log in");
  await two.said("Your session has ended");
  await one.page.getByRole("button", { name: "Log out" }).click();
  await one.heading("Log in");
});

test("nothing becomes a script, even where the page itself would err", async (t) => {
  const visit = await visitor(t);
  const { page, heading } = await visit.open();
  await heading("Log in");
  const tries = {
    markup: () => page.evaluate((text) => void (document.body.innerHTML = text), HOSTILE),
    script: () => page.evaluate(() => void (document.createElement("script").textContent = "window.hit=1")),
    address: () => page.evaluate(() => void (document.createElement("script").src = "/docs/page.js")),
  };
  for (const [name, attempt] of Object.entries(tries)) await assert.rejects(attempt(), /TrustedHTML|TrustedScript/, name);
  assert.equal(await page.evaluate(async () => fetch("https://example.com/").then(() => "sent", () => "refused")), "refused");
  const sent = await page.evaluate(() => {
    document.querySelector("form").action = "https://example.com/";
    HTMLFormElement.prototype.submit.call(document.querySelector("form"));
    return new Promise((resolve) => setTimeout(() => resolve(location.href), 300));
  });
  assert.equal(sent, `${server.url}/account`);
  assert.ok(visit.failed.splice(0).length > 0, "the policy says so");
  assert.ok(!visit.asked.some(({ url }) => url.includes("example.com")));
});

test("a password link: its secret is used once, and stands nowhere", async (t) => {
  const email = "ada@example.test";
  await server.cli("user", "create", email, "--name", "Ada Lovelace");
  await server.cli("workspace", "create", "firm", "--name", "Firm", "--owner", email);
  const { url, secret } = await server.cli("password", "link", email);
  assert.match(url, /^http:\/\/[^/]+\/password#/);
  assert.equal(new URL(url).hash, `#${secret}`);
  const { open, asked } = await visitor(t);
  const { page, heading, fill, refused } = await open(`/password#${secret}`);
  await heading("Set a password");
  assert.equal(page.url(), `${server.url}/password`);
  await shot(page, "a password link");
  const set = (password, again = password) => fill("Set a password", { "New password": password, "New password, again": again }, "Set password");
  await set("Lovelace1843", "Lovelace1844");
  await refused("not the same");
  await set("lovelace");
  await refused("use at least 12 characters");
  const rules = await page.getByRole("alert").getByRole("listitem").allTextContents();
  assert.deepEqual(rules, ["use at least 12 characters", "add an upper-case letter", "add a digit", "add a symbol", "leave your name and address out"]);
  await shot(page, "broken rules");
  const good = "Zahnrad-7-Wolke!";
  await set(good);
  await heading("The password is set");
  await shot(page, "the password is set");
  const login = (password) =>
    fetch(`${server.url}/api/v1/auth/login`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ email, password }) });
  assert.equal((await login(good)).status, 200);

  // Where the secret was: in the bodies of what set the password, and nowhere else.
  const bodies = asked.filter(({ body }) => body.includes(secret));
  assert.ok(bodies.length > 0 && bodies.every(({ url }) => url === `${server.url}/api/v1/auth/password/reset`));
  for (const { url, headers } of asked) {
    assert.ok(!url.replace(/#.*/, "").includes(secret) && !JSON.stringify(headers).includes(secret), url);
    assert.ok(!headers.referer);
  }
  const left = await page.evaluate(() => JSON.stringify([location.href, history.state, document.referrer, { ...sessionStorage }, { ...localStorage }, document.documentElement.outerHTML]));
  assert.ok(!left.includes(secret), left);
  await page.goto(`${server.url}/password`);
  await heading("This link is not good");
  await page.goBack();
  assert.ok(!page.url().includes(secret), "not in the tab's history either");

  // A second time, and one that never was; opened in a tab that has the page already, too.
  for (const again of [secret, HOSTILE]) {
    await page.goto(`${server.url}/password#${encodeURIComponent(again)}`);
    await heading("Set a password");
    await set("Another-7-Wolke!");
    await heading("This link is not good");
    assert.equal(page.url(), `${server.url}/password`);
  }
  await shot(page, "a link that is used up");
  assert.equal((await login(good)).status, 200);
});
