// The four places where the same core decides. Each starts to a `judge(request)` that answers `{ decision, ms, … }`.
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchChromium, openPage } from "../hosts/chromium.mjs";
import { root, run } from "../hosts/install.mjs";
import { temporaryFolder } from "../hosts/resources.mjs";
import { serve } from "../hosts/static.mjs";
import { startWorkerd } from "../hosts/workerd.mjs";
import { sentinel } from "./sentinel.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** A process for each token: its time holds the start of the process and the fetch of the keys. */
async function native(use) {
  const binary = sentinel();
  const folder = use(await temporaryFolder("sentinel-demo-"));
  return async ({ token, issuer, audience, algorithms, jwksUrl, tokenUse, now, revocations }) => {
    const args = ["verify", "--jwks", jwksUrl, "--issuer", issuer, "--audience", audience];
    for (const algorithm of algorithms) args.push("--alg", algorithm);
    if (tokenUse) args.push("--token-use", tokenUse);
    if (now) args.push("--now", now);
    if (revocations) {
      const file = join(folder.path, "revocations.json");
      await writeFile(file, JSON.stringify(revocations));
      args.push("--revocations", file);
    }
    const start = performance.now();
    const { status, stdout } = await run(binary, [...args, "-"], { input: token }).then(
      (done) => ({ status: 0, ...done }),
      // 1 is a refusal; with anything else the question was not answered.
      (error) => (error.status === 1 ? error : Promise.reject(error)),
    );
    const ms = performance.now() - start;
    const answer = JSON.parse(stdout);
    return { ...(status === 0 ? { decision: "accepted", subject: answer.claims.sub } : { decision: answer.code }), ms, fetchedKeys: true };
  };
}

async function node() {
  return (await import("./judge.mjs")).judge;
}

async function workerd(use) {
  const worker = use(await startWorkerd({ entry: here("worker.mjs") }));
  return async (request) => {
    const start = performance.now();
    const response = await worker.fetch("/", { method: "POST", body: JSON.stringify(request) });
    if (!response.ok) throw new Error(`workerd: ${await response.text()}`);
    // A Worker's clock stands still while it computes: the time is the request's, seen from outside.
    return { ...(await response.json()), ms: performance.now() - start };
  };
}

async function chromium(use) {
  const { exports } = JSON.parse(readFileSync(join(root, "npm", "package.json"), "utf8"));
  const web = exports["./web"].default ?? exports["./web"];
  const imports = { "sentinel-edge": `/sentinel-edge/${web}` };
  const page = `<!doctype html><title>Sentinel</title><script type="importmap">${JSON.stringify({ imports })}</script>
    <script type="module">import { judge } from "/judge.mjs"; window.judge = judge;</script>`;
  const files = use(await serve({ pages: { "/": page }, folders: { "/sentinel-edge/": join(root, "npm"), "/": here(".") } }));
  const browser = use(await launchChromium());
  const { page: tab, evaluate } = await openPage(browser, `${files.origin}/`);
  await tab.waitForFunction(() => window.judge, undefined, { timeout: 20_000 });
  return (request) => evaluate((request) => window.judge(request), request);
}

export const runtimes = { native, Node: node, workerd, Chromium: chromium };
