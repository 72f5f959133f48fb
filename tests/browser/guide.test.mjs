// The guide's code, run as it stands in a real browser: only addresses are replaced by ones on loopback.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { root } from "../hosts/install.mjs";
import { withResources } from "../hosts/resources.mjs";
import { logInAs } from "./pages.mjs";
import { CODES, startWorld } from "./world.mjs";

const { launchChromium } = await import("../hosts/chromium.mjs");
const { bundle } = await import("../hosts/bundle.mjs");

/** The blocks of a page in one language, with the addresses of this world. */
async function blocks(page, language, world) {
  const text = await readFile(join(root, "docs/guide", page), "utf8");
  const found = [...text.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, "gm"))].map(([, code]) => code);
  const addresses = { "https://auth.example.com": world.server.url, "https://login.example.com": world.idp.issuer };
  return found.map((code) => Object.entries(addresses).reduce((all, [shown, real]) => all.replaceAll(shown, real), code));
}

test("a page without a framework, in both modes", { timeout: 120_000 }, () =>
  withResources(async (use) => {
    const world = await startWorld(use);
    const [proxy, authz] = await blocks("browser-client.md", "js", world);
    assert.equal(CODES, "notes-web");
    const browser = use(await launchChromium());
    // The second block replaces how the client is made, and nothing else.
    const modes = { proxy, authz: proxy.replace(/import[^]*?\}\);\n/, authz) };
    assert.ok(modes.authz.includes("new SentinelAuthz({") && !modes.authz.includes("new SentinelAuth({"));
    for (const [mode, code] of Object.entries(modes)) {
      const { service } = world;
      service.pages.set("/main.js", await bundle(code, import.meta.dirname));
      service.pages.set("/", `<!doctype html><title>Notes</title><button id=in>In</button><button id=out>Out</button><output></output><script type=module src=/main.js></script>`);
      const context = await browser.newContext();
      const page = await context.newPage();
      const failed = [];
      page.on("pageerror", (error) => failed.push(error));
      await page.goto(`${service.origin}/`);
      await page.click("#in");
      await logInAs(page, "ada");
      const shows = (text) => page.waitForFunction((text) => document.querySelector("output")?.textContent.match(text), text, { timeout: 20_000 });
      await shows("^ada@example.test is (owner|viewer)$");
      assert.equal(page.url(), `${service.origin}/notes`, `${mode}: the code does not stay in the address`);
      assert.equal((await page.evaluate(() => window.notes())).hello, world.people.ada.id);
      await page.click("#out");
      await shows("^nobody$");
      assert.deepEqual(failed, []);
      await context.close();
    }
  }),
);

test("a React application", { timeout: 120_000 }, () =>
  withResources(async (use) => {
    const world = await startWorld(use);
    const [asking, ...others] = await blocks("react.md", "jsx", world);
    const slice = others.find((block) => block.includes("createSliceDecider"));
    // That block takes the decider's place, and nothing else.
    const answering = slice.replace(/^const decider.*\n/m, "") + asking.replace(/^const decider.*$/m, /^const decider.*$/m.exec(slice)[0]);
    assert.ok(answering.includes("const decider = createSliceDecider(") && !answering.includes("const decider = createDecider("));
    const id = randomUUID();
    await world.note(id);
    const { service } = world;
    service.notes.push({ id, text: "Buy milk" });
    service.pages.set("/", `<!doctype html><title>Notes</title><div id=root></div><script type=module src=/main.js></script>`);
    const browser = use(await launchChromium());
    for (const code of [asking, answering]) {
      service.pages.set("/main.js", await bundle(code, import.meta.dirname, { loader: "jsx" }));
      const page = await (await browser.newContext()).newPage();
      const failed = [];
      page.on("pageerror", (error) => failed.push(error));
      await page.goto(`${service.origin}/`);
      await page.click("text=Log in");
      await logInAs(page, "ada");
      await page.click("text=Team (owner)");
      await page.waitForSelector("h1:has-text('Notes of team')");
      await page.waitForSelector("li:has-text('Buy milk') button:has-text('Edit')");
      await page.waitForSelector("text=Invite");
      await page.click("text=Log out");
      await page.waitForSelector("text=Log in");
      assert.deepEqual(failed, []);
    }
  }),
);
