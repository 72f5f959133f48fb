// The quickstarts, read from their page and done as it says: its commands, its files, a person's clicks. Only the ports are others, and
// what it installs is there already.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { loginThrough } from "../e2e/login.mjs";
import { freePort, pageOf, serve } from "../e2e/quickstart.mjs";
import { sentinel } from "../e2e/sentinel.mjs";
import { root, run } from "../hosts/install.mjs";
import { temporaryFolder, withResources } from "../hosts/resources.mjs";
import { folder } from "./packed.mjs";

/** The blocks below a heading, `{ language, code }`; those before the first one are below "". */
async function blocksOf(ports, heading) {
  const text = await pageOf("quickstarts.md", ports);
  const [before, ...sections] = text.split("\n## ");
  const part = heading === "" ? before : sections.find((section) => section.startsWith(`${heading}\n`));
  assert.ok(part, `there is no ${heading}`);
  return [...part.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({ language, code }));
}

/** The two first steps of the other quickstart, and the client of this one. */
async function begun(use) {
  const ports = { 9003: await freePort(), 9005: await freePort(), 3000: await freePort() };
  const home = use(await temporaryFolder("sentinel-quickstart-"));
  const tools = join(home.path, "bin");
  await mkdir(tools);
  await symlink(sentinel(), join(tools, "sentinel"));
  await symlink(join(root, "tests"), join(home.path, "tests"), "dir");
  const env = { ...process.env, PATH: [tools, process.env.PATH].join(delimiter), HOME: home.path };
  const here = { cwd: home.path, env };
  const first = [...(await pageOf("quickstart.md", ports)).matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code]) => code);
  const [, provider, server] = first;
  await serve(use, provider.replace(/^npm ci .*\n/, ""), '"issuer"', here);
  const settings = { SERVICE_HOST: "127.0.0.1", SERVICE_PORT: ports[9003], MANAGEMENT_PORT: "0" };
  await serve(use, server, '"listening"', { ...here, env: { ...env, ...settings } });
  const [{ code: registered }] = await blocksOf(ports, "");
  await run("sh", ["-ec", registered], here);
  const url = `http://localhost:${ports[9003]}`;
  const origin = `http://localhost:${ports[3000]}`;
  const token = async () => (await loginThrough({ url }, { login: "ada", redirect: `${origin}/auth/callback` })).access_token;
  return { ports, env, url, origin, token };
}

/** A folder in which the packages are found that a page installs. */
async function place(use, name, files) {
  const path = join(folder, "apps", `quickstart-${name}`);
  await rm(path, { recursive: true, force: true });
  use({}, () => rm(path, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, file)), { recursive: true });
    await writeFile(join(path, file), text);
  }
  return path;
}

const codeOf = (blocks, language) => blocks.filter((block) => block.language === language).map(({ code }) => code);

/** The commands but the first, which installs. */
function afterInstall(code) {
  const [install, ...rest] = code.trim().split("\n");
  assert.match(install, /^npm install /);
  return rest;
}

/** 401 without a token, and 200 with one. */
async function closed({ origin, token }, expected) {
  assert.equal((await fetch(`${origin}/notes`)).status, 401);
  const response = await fetch(`${origin}/notes`, { headers: { authorization: `Bearer ${await token()}` } });
  assert.equal(response.status, 200);
  assert.match((await response.text()).replaceAll("<!-- -->", ""), expected);
}

export const QUICKSTARTS = {
  React: (browser) =>
    withResources(async (use) => {
      const world = await begun(use);
      const blocks = await blocksOf(world.ports, "React");
      const [[html], [main], [shell]] = ["html", "jsx", "sh"].map((language) => codeOf(blocks, language));
      const cwd = await place(use, "react", { "index.html": html, "main.jsx": main });
      const [build, preview] = afterInstall(shell);
      await run("sh", ["-ec", build], { cwd, env: world.env });
      await serve(use, preview, "Local", { cwd, env: world.env });
      const context = await browser.newContext();
      use(context);
      const page = await context.newPage();
      await page.goto(world.origin);
      await page.click("button");
      await page.fill("input[name=login]", "ada");
      await page.fill("input[name=password]", "anything");
      await page.click("button[type=submit]");
      await page.click("button[type=submit]");
      await page.waitForSelector("p", { timeout: 20_000 });
      assert.match(await page.textContent("p"), /^the notes of ada, owner of ada-/);
    }),

  "Next.js": () =>
    withResources(async (use) => {
      const world = await begun(use);
      const blocks = await blocksOf(world.ports, "Next.js");
      const [[proxy], [layout, notes], [shell]] = ["ts", "js", "sh"].map((language) => codeOf(blocks, language));
      const config = await readFile(join(folder, "apps/next-proxy/next.config.mjs"), "utf8");
      const cwd = await place(use, "next", { "next.config.mjs": config, "proxy.ts": proxy, "app/layout.js": layout, "app/notes/page.js": notes });
      const [settings, build, start] = afterInstall(shell);
      const env = { ...world.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" };
      await run("sh", ["-ec", `${settings}\n${build}`], { cwd, env });
      await serve(use, `${settings}\n${start}`, "Ready", { cwd, env });
      await closed(world, /the notes of ada, owner/);
    }),

  Workers: () =>
    withResources(async (use) => {
      const { startWorkerd } = await import("../hosts/workerd.mjs");
      const world = await begun(use);
      const blocks = await blocksOf(world.ports, "Workers");
      const [[worker], [wrangler]] = ["js", "toml"].map((language) => codeOf(blocks, language));
      const cwd = await place(use, "workers", { "worker.mjs": worker });
      assert.ok(wrangler.includes('main = "worker.mjs"'));
      const [, name, value] = /\[vars\]\n(\w+) = "(.*)"/.exec(wrangler);
      const running = use(await startWorkerd({ entry: join(cwd, "worker.mjs"), flags: [], bindings: { [name]: value } }));
      await closed({ ...world, origin: running.url.origin }, /^the notes of ada$/);
    }),

  Rust: () =>
    withResources(async (use) => {
      const world = await begun(use);
      const blocks = await blocksOf(world.ports, "Rust");
      const [[code], [shell]] = ["rust", "sh"].map((language) => codeOf(blocks, language));
      const source = await readFile(join(root, "tower/examples/quickstart.rs"), "utf8");
      assert.equal(source.replace(/^\/\/!.*\n\n/, ""), code);
      const [settings, command] = shell.trim().split("\n");
      assert.equal(command, "cargo run -p sentinel-tower --example quickstart");
      // `cargo test` has built it beside the server.
      const program = join(dirname(sentinel()), "examples", "quickstart");
      assert.ok(existsSync(program), `${program} is missing: build it with \`cargo build -p sentinel-tower --example quickstart\``);
      await serve(use, `${settings}\nexec ${program}`, "listening", { cwd: root, env: world.env });
      await closed(world, /^the notes of [0-9a-f-]{36}$/);
    }),
};
