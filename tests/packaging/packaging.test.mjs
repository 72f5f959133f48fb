// One tiny app for each bundler and runtime, fed the packed package: each must accept a real token, refuse a changed one, and
// decide what the good one allows.
import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { installed, run } from "../hosts/install.mjs";

await installed("hosts", "e2e", "packaging");
const { launchChromium, openPage } = await import("../hosts/chromium.mjs");
const { serve } = await import("../hosts/static.mjs");
const { startWorkerd } = await import("../hosts/workerd.mjs");
const { startProvider, RESOURCE } = await import("../e2e/provider.mjs");
const { login } = await import("../e2e/login.mjs");
const { tampered } = await import("../e2e/cases.mjs");
const { folder, installPacked } = await import("./packed.mjs");
const { askNext } = await import("./next.mjs");
const { checkGuide, checkNextApp } = await import("./next-app.mjs");
const { QUICKSTARTS } = await import("./quickstarts.mjs");

const app = (...path) => join(folder, "apps", ...path);
const bin = (name) => join(folder, "node_modules", ".bin", name);
const verified = { good: "ada", bad: "signature_invalid", goodSync: "ada", badSync: "signature_invalid" };
const expected = { ...verified, decisions: ["authenticated", "unauthenticated", "role_required"] };
/** `/slim` has no crypto of its own and asks WebCrypto: it can only be awaited. */
const awaitedOnly = { ...verified, goodSync: "algorithm_unavailable", badSync: "algorithm_unavailable" };

/** What a service behind a guard answers. */
const guarded = ["hello ada", "signature_invalid", "unauthenticated", "role_required"];
const RULES = [
  { method: "GET", path: "/", allow: "authenticated" },
  { method: "POST", path: "/", allow: { role: "editor" } },
  { method: "GET", path: "/notes/:id", allow: "authenticated" },
  { method: "PUT", path: "/notes/:id", allow: { role: "editor" } },
];

/** The policy entries, with everything and slim: an allow, a deny, and a type that the model does not know. */
const policies = { full: [true, false, "configuration_invalid"], slim: [true, false, "configuration_invalid"] };

/** The bundle entries, with everything and slim: an allow, a deny, and the end of its time; and who decides by a slice. */
const inPages = { full: [true, false, "bundle_stale"], slim: [true, false, "bundle_stale"], slice: "function" };
/** And what services have beside: nothing was heard, and nothing can be fetched. */
const bundles = { ...inPages, beside: ["unavailable", "unavailable"] };

/** One of the vectors. */
const aBundle = async () => JSON.parse(await readFile(join(folder, "../policy/bundles.json"), "utf8")).bundles[0];

let files, provider, input, env, browser;

before(async () => {
  provider = await startProvider();
  const { access_token: good } = await login(provider, { clientId: "web-RS256", login: "ada", resource: RESOURCE });
  const jwks = await (await fetch(provider.jwksUrl)).json();
  input = { options: { issuer: provider.issuer, audience: RESOURCE, type: "at+jwt", rules: RULES, jwks }, good, bad: tampered(good), bundle: await aBundle() };
  env = { ...process.env, CASE: JSON.stringify(input) };
  files = await installPacked();
  // Bun's own install script puts the right binary in place; scripts do not run by themselves here.
  await run(process.execPath, ["install.js"], { cwd: join(folder, "node_modules", "bun") });
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await provider?.close();
});

async function prints(program, args, { answer = expected, ...options } = {}) {
  const { stdout } = await run(program, args, { env, timeout: 60_000, ...options });
  assert.deepEqual(JSON.parse(stdout), answer);
}

async function inChromium(site, path = "/", answer = expected) {
  const server = await serve(site);
  try {
    const { page, evaluate } = await openPage(browser, server.origin + path);
    await page.waitForFunction(() => window.check, undefined, { timeout: 30_000 });
    assert.deepEqual(await evaluate((input) => window.check(input), input), answer);
    await page.close();
  } finally {
    await server.close();
  }
}

test("the archive holds what it should and no more", () => {
  for (const path of files) assert.match(path, /^(dist\/|package\.json$|README\.md$|LICENSE|CHANGELOG\.md$)/);
});

describe("Node", () => {
  test("import", () => prints(process.execPath, [app("node-esm/index.mjs")]));
  test("require", () => prints(process.execPath, [app("node-cjs/index.cjs")]));
  test("slim", () => prints(process.execPath, [app("node-esm/slim.mjs")], { answer: awaitedOnly }));
  test("bundle, imported", () => prints(process.execPath, [app("bundle.mjs")], { answer: bundles }));
  test("bundle, required", () => prints(process.execPath, [app("bundle.cjs")], { answer: bundles }));
  test("policy, imported", () => prints(process.execPath, [app("node-esm/policy.mjs")], { answer: policies }));
  test("policy, required", () => prints(process.execPath, [app("node-cjs/policy.cjs")], { answer: policies }));
});

describe("a service behind a guard", () => {
  const answer = guarded;
  test("Node", () => prints(process.execPath, [app("node-esm/service.mjs")], { answer }));
  test("Node, CommonJS", () => prints(process.execPath, [app("node-cjs/service.cjs")], { answer }));
  test("Deno", () => prints(bin("deno"), ["run", "--allow-env", "--allow-read", "--allow-net=127.0.0.1", app("deno/service.ts")], { answer, cwd: app("deno") }));
  test("Bun", () => prints(bin("bun"), [app("bun/service.ts")], { answer }));
  test("workerd", async () => {
    const worker = await startWorkerd({ entry: app("workerd/service.mjs"), flags: [], bindings: { CASE: input } });
    try {
      const { asked } = await import("./apps/service.mjs");
      assert.deepEqual(await asked(worker.url.origin, input), guarded);
    } finally {
      await worker.close();
    }
  });
});

describe("the browser's client on a server", () => {
  const answer = { status: "loading", user: null, path: "/" };
  test("Node", () => prints(process.execPath, [app("client.mjs")], { answer }));
  test("Node, CommonJS", () => prints(process.execPath, [app("client.cjs")], { answer }));
  test("Deno", () => prints(bin("deno"), ["run", app("client.mjs")], { answer, cwd: app("deno") }));
  test("Bun", () => prints(bin("bun"), [app("client.mjs")], { answer }));
});

describe("React on a server", () => {
  const answer = { html: "loading …" };
  test("Node", () => prints(process.execPath, [app("react.mjs")], { answer }));
  test("Node, CommonJS", () => prints(process.execPath, [app("react.cjs")], { answer }));
});

describe("TypeScript", () => {
  test("compiles as a Node module, strictly, and runs", async () => {
    await run(bin("tsc"), ["-p", app("typescript")]);
    await prints(process.execPath, [app("typescript/out/index.js")], { answer: verified });
  });
  test("compiles for a bundler", () => run(bin("tsc"), ["-p", app("typescript/tsconfig.bundler.json")]));
  test("fits the types of Next and React", () => run(bin("tsc"), ["-p", app("typescript/tsconfig.next.json")]));
});

test("Deno, bundle", () => prints(bin("deno"), ["run", "--allow-env", "--allow-net=127.0.0.1", app("bundle.mjs")], { answer: bundles, cwd: app("deno") }));
test("Bun, bundle", () => prints(bin("bun"), [app("bundle.mjs")], { answer: bundles }));
test("Deno", () => prints(bin("deno"), ["run", "--allow-env", "--allow-read", app("deno/index.ts")], { cwd: app("deno") }));
test("Bun", () => prints(bin("bun"), [app("bun/index.ts")]));

describe("workerd", () => {
  const answers = async (entry, flags, answer) => {
    const worker = await startWorkerd({ entry: app("workerd", entry), flags });
    try {
      const response = await worker.fetch("/", { method: "POST", body: JSON.stringify(input) });
      assert.deepEqual(await response.json(), answer);
    } finally {
      await worker.close();
    }
  };
  test("with Node's modules", () => answers("worker.mjs", ["nodejs_compat"], expected));
  test("without", () => answers("worker.mjs", [], expected));
  test("slim", () => answers("slim.mjs", [], awaitedOnly));
  test("policy", () => answers("policy.mjs", [], policies));
  test("bundle", () => answers("bundle.mjs", [], bundles));
});

test("Vite", async () => {
  const { build } = await import("vite");
  const outDir = app("vite/out");
  await build({ root: app("vite"), base: "/", logLevel: "error", build: { outDir, emptyOutDir: true } });
  await inChromium({ folders: { "/": outDir } });
});

test("webpack", async () => {
  const { default: webpack } = await import("webpack");
  const path = app("webpack/out");
  await rm(path, { recursive: true, force: true });
  await new Promise((resolve, reject) =>
    webpack({ mode: "production", context: app("webpack"), entry: "./main.js", output: { path, filename: "main.js" } }, (error, stats) =>
      error || stats.hasErrors() ? reject(error ?? new Error(stats.toString("errors-only"))) : resolve(),
    ),
  );
  await inChromium({ pages: { "/": await readFile(app("webpack/index.html"), "utf8") }, folders: { "/": path } });
});

describe("a browser without a bundler", () => {
  test("web", () => inChromium({ folders: { "/": folder } }, "/apps/script/index.html"));
  test("bundle/web", () => inChromium({ folders: { "/": folder } }, "/apps/script/bundle.html", inPages));
  test("policy/web", () => inChromium({ folders: { "/": folder } }, "/apps/script/policy.html", policies));
  test("slim/web", () => inChromium({ folders: { "/": folder } }, "/apps/script/slim.html", awaitedOnly));
});

for (const [name, file, runtime] of [["next-proxy", "proxy.ts", "node"], ["next-middleware", "middleware.ts", "edge"]]) {
  test(`Next: ${file}`, { timeout: 300_000 }, async () => {
    const { jwks, ...options } = input.options;
    const answer = await askNext(name, { ...input, options: { ...options, jwksUrl: provider.jwksUrl } });
    assert.deepEqual([answer.status, answer.runtime, answer.decision], [200, runtime, "authenticated"]);
    assert.deepEqual(answer.denied, [403, "role_required"]);
    assert.match(answer.page, /Hello (<!-- -->)?ada/);
    assert.deepEqual([answer.refusedStatus, answer.refused], [401, "signature_invalid"]);
  });
}

test("sentinel-edge/next: the guide shows the application that is tested", checkGuide);
test("sentinel-edge/next: an application behind proxy.ts", { timeout: 300_000 }, () => checkNextApp(provider, false));
test("sentinel-edge/next: an application behind middleware.ts", { timeout: 300_000 }, () => checkNextApp(provider, true));

for (const [name, follow] of Object.entries(QUICKSTARTS)) test(`quickstart: ${name}`, { timeout: 600_000 }, () => follow(browser));
