// The small examples, with tokens of the real server: a Worker by itself, and a page without a bundler.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { installed, linkPackage, root } from "../hosts/install.mjs";
import { withResources } from "../hosts/resources.mjs";

await installed("hosts", "e2e");
linkPackage("examples/worker");
const { launchChromium, openPage } = await import("../hosts/chromium.mjs");
const { serve } = await import("../hosts/static.mjs");
const { startWorkerd } = await import("../hosts/workerd.mjs");
const { loginThrough } = await import("../e2e/login.mjs");
const { SERVER, startProvider } = await import("../e2e/provider.mjs");
const { startSentinel } = await import("../e2e/sentinel.mjs");
const { logInAs } = await import("../browser/pages.mjs");

const FRONT_END = "http://127.0.0.1/callback";
const email = (login) => `${login}@example.test`;

let server, done, ended;
before(
  () =>
    new Promise((ready, failed) => {
      ended = withResources(async (use) => {
        const provider = use(await startProvider());
        const oidc = { OIDC_ISSUER: provider.issuer, OIDC_CLIENT_ID: SERVER.id, OIDC_CLIENT_SECRET: SERVER.secret, OIDC_TRUST_EMAIL: "true" };
        server = use(await startSentinel({ ALLOW_LOOPBACK_PROVIDERS: "true", NEWCOMERS: "nowhere", ...oidc }));
        for (const login of ["ada", "bob", "carol"]) await server.cli("user", "create", email(login), "--name", login);
        await server.cli("workspace", "create", "team", "--name", "Team", "--owner", email("ada"));
        await server.cli("workspace", "add-member", "team", email("bob"), "--role", "viewer");
        await server.cli("workspace", "create", "others", "--name", "Others", "--owner", email("carol"));
        await server.cli("client", "create", "web", "--redirect-uri", FRONT_END);
        ready();
        await new Promise((resolve) => (done = resolve));
      }).catch(failed);
    }),
);
after(() => {
  done?.();
  return ended;
});

test("a Worker: viewers read, editors write, admins delete, each in their own workspace", { timeout: 60_000 }, async (t) => {
  const more = { kvNamespaces: ["NOTES"] };
  const worker = await startWorkerd({ entry: join(root, "examples/worker/src/index.js"), flags: [], bindings: { SENTINEL_URL: server.url }, more });
  t.after(() => worker.close());
  const people = {};
  for (const login of ["ada", "bob", "carol"]) people[login] = (await loginThrough(server, { login, redirect: FRONT_END })).access_token;
  const ask = async (who, method, path, body) => {
    const response = await worker.fetch(path, { method, body, headers: who ? { authorization: `Bearer ${people[who] ?? who}` } : {} });
    const text = await response.text();
    return text.startsWith('{"type"') ? [response.status, JSON.parse(text).code] : [response.status, text];
  };
  assert.deepEqual(await ask(undefined, "GET", "/"), [200, "Notes of workspaces\n"]);
  assert.deepEqual(await ask(undefined, "GET", "/notes"), [401, "unauthenticated"]);
  assert.deepEqual(await ask("nonsense", "GET", "/notes"), [401, "token_malformed"]);
  assert.deepEqual(await ask("bob", "PUT", "/notes/plan", "bob's"), [403, "role_required"]);
  assert.deepEqual(await ask("ada", "PUT", "/notes/plan", "ada's"), [204, ""]);
  assert.deepEqual(await ask("bob", "GET", "/notes/plan"), [200, "ada's"]);
  assert.deepEqual(await ask("bob", "GET", "/notes"), [200, '["plan"]']);
  assert.deepEqual(await ask("carol", "GET", "/notes"), [200, "[]"]);
  assert.deepEqual(await ask("carol", "GET", "/notes/plan"), [404, "not_found"]);
  assert.deepEqual(await ask("bob", "DELETE", "/notes/plan"), [403, "role_required"]);
  assert.deepEqual(await ask("ada", "DELETE", "/notes/plan"), [204, ""]);
  assert.deepEqual(await ask("ada", "GET", "/elsewhere"), [403, "no_rule"]);
});

test("a page without a bundler: a login, and what the token allows", { timeout: 60_000 }, async (t) => {
  const html = await readFile(join(root, "examples/bare-html/index.html"), "utf8");
  const pages = { "/": html.replaceAll("https://auth.example.com", server.url) };
  const site = await serve({ pages, folders: { "/sentinel-edge/": join(root, "npm") } });
  t.after(() => site.close());
  await server.cli("client", "create", "page", "--redirect-uri", `${site.origin}/`, "--origin", site.origin);
  const browser = await launchChromium();
  t.after(() => browser.close());
  const { page } = await openPage(browser, `${site.origin}/`);
  const shown = () => page.locator("#decisions li").allTextContents();
  await page.getByText("Nobody is logged in").waitFor();
  assert.deepEqual(await shown(), ["GET", "PUT", "DELETE"].map((method) => `${method} /notes/plan: no, unauthenticated`));
  await page.getByRole("button", { name: "Log in" }).click();
  await logInAs(page, "bob");
  await page.getByText("bob@example.test is viewer of team").waitFor();
  await page.getByText("GET /notes/plan: yes, role").waitFor();
  assert.deepEqual((await shown()).slice(1), ["PUT /notes/plan: no, role_required", "DELETE /notes/plan: no, role_required"]);
  assert.equal(page.url(), `${site.origin}/`, "nothing of the answer stays in the address");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByText("Nobody is logged in").waitFor();
});
