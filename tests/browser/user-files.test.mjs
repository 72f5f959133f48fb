// What a user of examples/user-files publishes, in the browser of somebody who is logged in on the same host: it runs, and is alone.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { installed, root } from "../hosts/install.mjs";
import { temporaryFolder, withResources } from "../hosts/resources.mjs";

await installed("hosts");
const { launchChromium } = await import("../hosts/chromium.mjs");

const ISSUER = "https://sentinel.example";
const SESSION = "the session of whoever looks at it";

/** Tries everything by which a page of this host could reach what is its visitor's. */
const HOSTILE = `<!doctype html><meta charset="utf-8"><pre></pre><script>
const tries = {
  storage: () => localStorage.getItem("token"),
  tab: () => (sessionStorage.setItem("x", "1"), "opened"),
  cookie: () => document.cookie,
  fetch: async () => (await fetch("/health")).text(),
  request: () => new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.onload = () => resolve(request.responseText);
    request.onerror = reject;
    request.open("GET", "/health");
    request.send();
  }),
  frame: () => new Promise((resolve, reject) => {
    const frame = document.body.appendChild(document.createElement("iframe"));
    frame.onload = () => { try { resolve(frame.contentWindow.localStorage.getItem("token")); } catch (error) { reject(error); } };
    frame.src = "/health";
  }),
  window: () => open("/health").localStorage.getItem("token"),
  database: () => new Promise((resolve, reject) => {
    const opening = indexedDB.open("x");
    opening.onsuccess = () => resolve("opened");
    opening.onerror = reject;
  }),
  caches: async () => ((await caches.keys()), "opened"),
  serviceWorker: async () => (await navigator.serviceWorker.register("worker.js")).scope,
};
(async () => {
  const seen = { origin: self.origin };
  for (const [name, attempt] of Object.entries(tries)) {
    try { seen[name] = await attempt(); } catch { seen[name] = "refused"; }
  }
  document.querySelector("pre").textContent = JSON.stringify(seen);
  document.querySelector("pre").id = "done";
})();
</script>`;

/** The example as a process of its own, and tokens for it. */
async function startService(use) {
  const data = use(await temporaryFolder("user-files-"));
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  await writeFile(join(data.path, "public.pem"), publicKey.export({ type: "spki", format: "pem" }));
  const program = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug/user-files");
  if (!existsSync(program)) throw new Error("the example is missing: build it with `cargo build -p user-files`");
  const env = { DATA: data.path, PUBLIC_KEY: join(data.path, "public.pem"), ISSUER, ADDRESS: "127.0.0.1:0" };
  const child = spawn(program, { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  use(child, () => (child.kill(), ended));
  const { value: line } = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
  if (!line) throw new Error("the service did not start");
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const token = (sub) => {
    const input = `${part({ alg: "RS256" })}.${part({ iss: ISSUER, aud: "sentinel:access", sub, type: "access", iat: now, exp: now + 600 })}`;
    return `${input}.${sign("sha256", Buffer.from(input), privateKey).toString("base64url")}`;
  };
  return { url: `http://${line.split(" ").at(-1)}`, token };
}

test("a published page runs, and reaches nothing of whoever looks at it", { timeout: 300_000 }, () =>
  withResources(async (use) => {
    const { url, token } = await startService(use);
    const mallory = { authorization: `Bearer ${token(randomUUID())}` };
    const ask = async (method, path, body, headers = {}) => {
      const response = await fetch(url + path, { method, body, headers: { ...mallory, ...headers } });
      assert.ok(response.ok, `${method} ${path}: ${response.status}`);
      return response;
    };
    await ask("POST", "/folders/site");
    await ask("PUT", "/files/site/index.html", HOSTILE);
    await ask("PUT", "/files/site/worker.js", "");
    const published = await (await ask("POST", "/pages", JSON.stringify({ path: "site" }), { "content-type": "application/json" })).json();

    const browser = use(await launchChromium());
    const context = await browser.newContext();
    // Somebody else, logged in on this very host.
    const victim = await context.newPage();
    await victim.goto(`${url}/health`);
    await victim.evaluate((session) => {
      localStorage.setItem("token", session);
      document.cookie = `session=${encodeURIComponent(session)}; path=/`;
    }, SESSION);
    const look = async (page) => {
      await page.goto(url + published.url);
      return JSON.parse(await (await page.waitForSelector("#done", { state: "attached" })).textContent());
    };

    const { origin, ...seen } = await look(await context.newPage());
    assert.equal(origin, "null", "an origin that nothing else has");
    for (const [name, value] of Object.entries(seen)) assert.equal(value, "refused", name);

    // The same page without the header that says so has it all: it is the header that keeps it out.
    const bare = await context.newPage();
    await bare.route(url + published.url, async (route) => {
      const response = await route.fetch();
      const { "content-security-policy": policy, ...headers } = response.headers();
      assert.match(policy, /^sandbox allow-scripts;/);
      await route.fulfill({ response, headers });
    });
    const unguarded = await look(bare);
    assert.equal(unguarded.storage, SESSION);
    assert.equal(decodeURIComponent(unguarded.cookie), `session=${SESSION}`);
    assert.deepEqual([unguarded.origin, unguarded.fetch, unguarded.frame], [url, "ok", SESSION]);

    // Who was given the address no longer has the page once it is taken back.
    await ask("DELETE", `/pages/${published.id}`);
    assert.equal((await fetch(url + published.url)).status, 404);
  }),
);
