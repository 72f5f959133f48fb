// Three front ends on three ports, two of them on subdomains: one login, a session of its own for each, and one logout.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { installed, linkPackage } from "../hosts/install.mjs";
import { logInAs } from "./pages.mjs";

await installed("hosts", "e2e", "browser");
linkPackage("browser");
const { bundle } = await import("../hosts/bundle.mjs");
const { launchChromium } = await import("../hosts/chromium.mjs");
const { startProviderFor } = await import("../e2e/provider.mjs");
const { startSentinel } = await import("../e2e/sentinel.mjs");
const { publish } = await import("./front-end.mjs");
const { startService } = await import("./service.mjs");

/** Names that browsers know to be this machine (RFC 6761 §6.3), and the server at another one: cookies know no ports. */
const HOSTS = { notes: "localhost", reports: "reports.localhost", react: "react.localhost" };
const PLAIN = (sentinelUrl) => `
  import { SentinelAuth } from "sentinel-edge/client";
  const client = new SentinelAuth({ sentinelUrl: ${JSON.stringify(sentinelUrl)}, silent: true });
  window.client = client;
  const show = () => (document.querySelector("output").textContent = [client.getState().status, client.getUser()?.email].filter(Boolean).join(" "));
  client.subscribe(show);
  const arrival = await client.handleCallback();
  if (arrival) {
    history.replaceState(null, "", arrival.returnTo);
    await client.selectWorkspace(arrival.workspaces[0].id);
  }
  show();
`;

let browser, idp, server;
const fronts = {};
const closers = [];

const freePort = () =>
  new Promise((resolve, reject) => {
    const listener = createServer();
    listener.once("error", reject).listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });

before(async () => {
  const secret = randomBytes(32).toString("base64url");
  idp = await startProviderFor({ clients: [{ client_id: "sentinel", client_secret: secret, redirect_uris: ["http://127.0.0.1/auth/callback/oidc"] }] });
  closers.push(() => idp.close());
  const port = await freePort();
  server = await startSentinel({
    BASE_URL: `http://127.0.0.1:${port}`,
    SERVICE_PORT: String(port),
    ALLOW_LOOPBACK_PROVIDERS: "true",
    OIDC_ISSUER: idp.issuer,
    OIDC_CLIENT_ID: "sentinel",
    OIDC_CLIENT_SECRET: secret,
    RATE_LIMIT_RPM: "0",
    SSO_EXPIRE_HOURS: "8",
  });
  closers.push(() => server.close());
  for (const [name, host] of Object.entries(HOSTS)) {
    const service = await startService();
    closers.push(() => service.close());
    const origin = service.origin.replace("127.0.0.1", host);
    await server.cli("client", "create", name, "--redirect-uri", `${origin}/auth/callback`, "--origin", origin);
    service.protect({ issuer: server.url, jwksUrl: server.jwksUrl, idp, audience: ["none"], post: () => assert.fail("it needs no server") });
    if (name === "react") {
      await publish(service, { sentinelUrl: server.url, silent: true, notes: [] });
    } else {
      service.pages.set("/main.js", await bundle(PLAIN(server.url), import.meta.dirname));
      service.pages.set("/", "<!doctype html><title>A front end</title><output></output><script type=module src=/main.js></script>");
    }
    fronts[name] = { service, origin };
  }
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  for (const close of closers.reverse()) await close();
});

/** A person's browser. */
async function person(t) {
  const context = await browser.newContext();
  t.after(() => context.close());
  const open = async (name, path = "/") => {
    const page = await context.newPage();
    /** Where the page has been sent. */
    const visited = [];
    page.on("framenavigated", (frame) => frame === page.mainFrame() && visited.push(frame.url()));
    await page.goto(fronts[name].origin + path);
    const place = name === "react" ? "#status" : "output";
    const shows = async (text) => {
      await page.waitForFunction(([place, text]) => document.querySelector(place)?.textContent.startsWith(text), [place, text], { timeout: 20_000 }).catch(async (error) => {
        throw new Error(`${name} shows ${await page.textContent("body").catch(() => "nothing")} at ${page.url()}: ${error.message}`);
      });
    };
    const claims = () => page.evaluate(() => JSON.parse(atob(window.client.getToken().split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))));
    const notes = () => page.evaluate(async () => (await window.client.fetch("/api/notes")).status);
    return { page, shows, claims, notes, visited };
  };
  const logIn = async ({ page, shows }, login) => {
    await page.evaluate(() => void window.client.login("oidc"));
    await page.waitForSelector("input[name=login]");
    await logInAs(page, login);
    await shows("authenticated");
  };
  return { context, open, logIn };
}

describe("several front ends", () => {
  test("one login, three sessions, one logout", { timeout: 120_000 }, async (t) => {
    const { context, open, logIn } = await person(t);
    const notes = await open("notes", "/?tab=1#here");
    // Nobody has logged in anywhere: asked once, and back where it was.
    await notes.shows("unauthenticated");
    assert.equal(notes.page.url(), `${fronts.notes.origin}/?tab=1#here`);
    assert.equal(await notes.page.evaluate(() => history.length), 2, "nothing stays in the history: a blank page and this one");
    await logIn(notes, "ada");

    const reports = await open("reports", "/monthly");
    await reports.shows("authenticated ada@example.test");
    assert.equal(reports.page.url(), `${fronts.reports.origin}/monthly`);
    const react = await open("react");
    await react.shows("authenticated");
    assert.match(await react.page.textContent("#user"), /^ada@example\.test /);
    assert.ok(![...reports.visited, ...react.visited].some((url) => url.startsWith(idp.issuer)), "the provider was not asked");

    const tabs = [notes, reports, react];
    const claims = await Promise.all(tabs.map((tab) => tab.claims()));
    assert.equal(new Set(claims.map(({ sub }) => sub)).size, 1);
    assert.equal(new Set(claims.map(({ sid }) => sid)).size, 3, "each has a session of its own");
    for (const { origin } of Object.values(fronts)) assert.deepEqual(await context.cookies(origin), [], "no cookie is any front end's");
    const [cookie] = (await context.cookies(server.url)).filter(({ name }) => name === "sentinel_sso");
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.domain, cookie.path], [true, "Lax", "127.0.0.1", "/"]);

    // Every front end's service verifies without the server and its database.
    assert.deepEqual(await Promise.all(tabs.map((tab) => tab.notes())), [200, 200, 200]);
    await server.stop();
    assert.deepEqual(await Promise.all(tabs.map((tab) => tab.notes())), [200, 200, 200]);
    await server.start();

    // A page that is loaded anew has lost its tokens, and not its user.
    await reports.page.reload();
    await reports.shows("authenticated");

    assert.equal(await reports.page.evaluate(() => window.client.logout()), true);
    await reports.shows("unauthenticated");
    for (const tab of [notes, react]) {
      assert.equal(await tab.page.evaluate(() => window.client.refresh()), false);
      await tab.shows("unauthenticated");
    }
    await react.page.reload();
    await react.shows("unauthenticated");
    const another = await open("reports");
    await another.shows("unauthenticated");
  });

  test("asked for by the page itself, and only at the server's word", { timeout: 120_000 }, async (t) => {
    const { open, logIn } = await person(t);
    const first = await open("notes");
    await first.shows("unauthenticated");
    const second = await open("reports");
    await second.shows("unauthenticated");
    await logIn(first, "bob");
    // It was tried a moment ago, and is not by itself.
    await second.page.reload();
    await second.shows("unauthenticated");
    await second.page.evaluate(() => void window.client.loginSilently({ returnTo: "/there" }));
    await second.shows("authenticated bob@example.test");
    assert.equal(second.page.url(), `${fronts.reports.origin}/there`);
  });

  test("neither a frame nor a page of others gets a code", { timeout: 120_000 }, async (t) => {
    const { context, open, logIn } = await person(t);
    const notes = await open("notes");
    await notes.shows("unauthenticated");
    await logIn(notes, "ada");
    const query = new URLSearchParams({
      redirect_uri: `${fronts.reports.origin}/auth/callback`,
      code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
      code_challenge_method: "S256",
      state: "mallory's",
      prompt: "none",
    });
    const url = `${server.url}/auth/login?${query}`;
    const answers = [];
    context.on("response", (response) => response.url().startsWith(server.url) && answers.push([response.request().resourceType(), response.status()]));
    const reached = [];
    context.on("request", (request) => request.url().startsWith(fronts.reports.origin) && reached.push(request.url()));
    await notes.page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const frame = document.createElement("iframe");
          frame.onload = resolve;
          frame.src = url;
          document.body.append(frame);
        }),
      url,
    );
    await notes.page.evaluate((url) => new Promise((resolve) => Object.assign(new Image(), { onload: resolve, onerror: resolve, src: url })), url);
    await notes.page.evaluate((url) => fetch(url, { credentials: "include" }).catch(() => {}), url);
    assert.deepEqual(reached, [], "nothing was sent on");
    // Answers to images and scripts are kept from the page itself.
    assert.deepEqual(answers, [["document", 400]]);
    // A link that somebody made up leads to the front end, which has not asked.
    const page = await context.newPage();
    await page.goto(url);
    await page.waitForFunction(() => window.client !== undefined);
    assert.equal(new URL(page.url()).origin, fronts.reports.origin);
    const refused = await page.evaluate(() => window.client.handleCallback().then(() => "taken", ({ code }) => code));
    assert.equal(refused, "login_refused");
    assert.equal(await page.evaluate(() => window.client.getToken()), null);
  });
});
