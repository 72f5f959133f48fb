// The vectors in headless Chromium: its WebCrypto, pure WebAssembly, and the published entry points.
import { fileURLToPath } from "node:url";
import { launchChromium, openPage } from "../hosts/chromium.mjs";
import { serve } from "../hosts/static.mjs";
import { drive } from "./drive.mjs";

const folder = (path) => fileURLToPath(new URL(path, import.meta.url));

const page = `<!doctype html><title>Vectors</title><script type="module">
  import * as testing from "/npm/dist-test/testing.js";
  import * as full from "/npm/dist/web.js";
  import * as slim from "/npm/dist/slim/web.js";
  import * as bundle from "/npm/dist/bundle/web.js";
  import * as bundleSlim from "/npm/dist/bundle/slim/web.js";
  import * as policy from "/npm/dist/policy/web.js";
  import * as policySlim from "/npm/dist/policy/slim/web.js";
  import { judge } from "/runners/judge.mjs";
  import { waysOf } from "/runners/ways.mjs";
  const compiled = (variant) => WebAssembly.compileStreaming(fetch("/npm/dist-test/" + variant + ".wasm"));
  const runtime = waysOf(testing, { full: await compiled("full"), slim: await compiled("slim") }, { full, slim }, { full: policy, slim: policySlim }, { full: bundle, slim: bundleSlim });
  window.ask = async (items) => {
    const outcomes = [];
    for (const item of items) outcomes.push(await judge(item, runtime));
    return outcomes;
  };
</script>`;

await drive(async () => {
  const files = await serve({ pages: { "/": page }, folders: { "/npm/": folder("../../npm/"), "/runners/": folder("./") } });
  const browser = await launchChromium();
  const close = async () => {
    await browser.close();
    await files.close();
  };
  try {
    const { page: tab, evaluate } = await openPage(browser, `${files.origin}/`);
    await Promise.race([tab.waitForFunction(() => window.ask, undefined, { timeout: 20_000 }), evaluate(() => new Promise(() => {}))]);
    return { ask: (items) => evaluate((items) => window.ask(items), items), close };
  } catch (error) {
    await close();
    throw error;
  }
});
