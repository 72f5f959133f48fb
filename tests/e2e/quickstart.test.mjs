// The quickstart, read from its page and done as it says: its commands in its order, its two files, a person's clicks. Only the
// ports are others, and what it installs is there already.
import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { test } from "node:test";
import { installed, root, run } from "../hosts/install.mjs";
import { temporaryFolder, withResources } from "../hosts/resources.mjs";
import { freePort, pageOf, serve } from "./quickstart.mjs";
import { sentinel } from "./sentinel.mjs";

await installed("hosts", "e2e");
const { launchChromium, openPage } = await import("../hosts/chromium.mjs");

test("five minutes, from its first line to its last", { timeout: 300_000 }, () =>
  withResources(async (use) => {
    const ports = { 8000: await freePort(), 9003: await freePort(), 9005: await freePort() };
    const text = await pageOf("quickstart.md", ports);
    const page = [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({ language, code }));
    const shell = page.filter(({ language }) => language === "sh").map(({ code }) => code);
    const [install, provider, server, registered, service, closed] = shell;
    assert.equal(shell.length, 6);
    const only = (wanted) => page.filter(({ language }) => language === wanted).map(({ code }) => code);
    const [[app], [html], [shown]] = [only("python"), only("html"), only("json")];

    const home = use(await temporaryFolder("sentinel-quickstart-"));
    const tools = join(home.path, "bin");
    await mkdir(tools);
    await symlink(sentinel(), join(tools, "sentinel"));
    await symlink(join(root, "tests"), join(home.path, "tests"), "dir");
    assert.ok(process.env.SENTINEL_PYTHON, "SENTINEL_PYTHON names no environment with the SDK: run `cargo xtask test`");
    const path = [tools, dirname(process.env.SENTINEL_PYTHON), process.env.PATH].join(delimiter);
    // Nothing of this machine's own settings counts, and nothing is fetched.
    const env = { PATH: path, HOME: home.path, PIP_NO_INDEX: "1", PYTHONDONTWRITEBYTECODE: "1" };
    const settings = { SERVICE_HOST: "127.0.0.1", SERVICE_PORT: ports[9003], MANAGEMENT_PORT: "0" };
    const here = { cwd: home.path, env };

    assert.match(install, /^cargo install --path server /, "it is built already");
    const [npm, ...rest] = provider.split("\n");
    assert.equal(npm, "npm ci --prefix tests/e2e", "that has been done");
    await serve(use, rest.join("\n"), '"issuer"', here);
    await serve(use, server, '"listening"', { ...here, env: { ...env, ...settings } });
    const { stdout } = await run("sh", ["-ec", registered], here);
    const [key] = /sk_[\w-]{30,}/.exec(stdout) ?? assert.fail(stdout);
    assert.ok(stdout.includes(`http://localhost:${ports[8000]}/callback`), stdout);

    await writeFile(join(home.path, "app.py"), app);
    await writeFile(join(home.path, "page.html"), html);
    assert.ok(service.includes("sk_…"));
    await serve(use, service.replace("sk_…", key), "Uvicorn running", here);
    assert.match((await run("sh", ["-ec", closed], here)).stdout, /^HTTP\/1.1 401 /);

    const browser = use(await launchChromium());
    const { page: tab } = await openPage(browser, `http://localhost:${ports[8000]}/`);
    await tab.click("button");
    await tab.fill("input[name=login]", "ada");
    await tab.fill("input[name=password]", "anything");
    await tab.click("button[type=submit]");
    await tab.click("button[type=submit]"); // and agree
    await tab.waitForFunction(() => document.querySelector("pre")?.textContent, undefined, { timeout: 20_000 });
    const [before, after] = shown.trim().split("…");
    const answer = await tab.textContent("pre");
    assert.ok(answer.startsWith(before) && answer.endsWith(after), `${answer} is not ${shown}`);
    assert.equal(new URL(tab.url()).search, "", "the code does not stay in the address");
  }),
);
