// Where the suite runs. Each runtime starts to a function from an algorithm's material and a plan to its results.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { launchChromium, openPage } from "../hosts/chromium.mjs";
import { root, run } from "../hosts/install.mjs";
import { serve } from "../hosts/static.mjs";
import { startWorkerd } from "../hosts/workerd.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const node = async () => async (data, plan) => JSON.parse((await run(process.execPath, [here("node.mjs")], { input: JSON.stringify({ data, plan }) })).stdout);

async function workerd(use) {
  const worker = use(await startWorkerd({ entry: here("worker.mjs") }));
  const pid = childNamed("workerd");
  const ask = async (command, body) => {
    const response = await worker.fetch(`/${command}`, { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`workerd: ${await response.text()}`);
    return response.json();
  };
  return outside(ask, pid && (async () => cpuOf(pid)));
}

async function chromium(use) {
  const imports = { "sentinel-edge": "/npm/dist/web.js", jose: "/tests/bench/node_modules/jose/dist/webapi/index.js" };
  const page = `<!doctype html><title>Benchmark</title><script type="importmap">${JSON.stringify({ imports })}</script>
    <script type="module" src="/tests/bench/page.mjs"></script>`;
  // Isolated from other origins, a page has a clock of 5 us instead of 100.
  const isolated = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
  const files = use(await serve({ pages: { "/": page }, folders: { "/": root } }, isolated));
  const browser = use(await launchChromium());
  const { page: tab, evaluate } = await openPage(browser, `${files.origin}/`);
  await tab.waitForFunction(() => window.bench, undefined, { timeout: 20_000 });
  tab.setDefaultTimeout(0);
  const session = await browser.newBrowserCDPSession();
  const cpu = async () => {
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    return processInfo.filter(({ type }) => type === "renderer").reduce((sum, { cpuTime }) => sum + cpuTime * 1e6, 0);
  };
  return outside((command, body) => evaluate(([command, body]) => window.bench[command](body), [command, body]), cpu);
}

/** For runtimes whose CPU only the outside can read: once more, each contender alone. */
function outside(ask, cpu) {
  return async (data, plan) => {
    const { names, unable } = await ask("load", data);
    const results = { unable, ...(await ask("measure", plan)) };
    for (const name of cpu ? names : []) {
      await ask("ready", name);
      const before = await cpu();
      const tokens = await ask("alone", null);
      results.oneByOne[name].cpu = ((await cpu()) - before) / tokens;
    }
    return results;
  };
}

/** The id of our child of that name. Linux only: elsewhere CPU is not told. */
function childNamed(name) {
  if (process.platform !== "linux") return undefined;
  for (const pid of readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [, command, parent] = /^\d+ \((.*)\) \S (\d+)/.exec(readFileSync(join("/proc", pid, "stat"), "utf8"));
      if (Number(parent) === process.pid && command === name) return pid;
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error(`no child named ${name}`);
}

/** Microseconds, of all its threads. */
function cpuOf(pid) {
  const tasks = join("/proc", pid, "task");
  return readdirSync(tasks).reduce((sum, task) => sum + Number(readFileSync(join(tasks, task, "schedstat"), "utf8").split(" ")[0]) / 1000, 0);
}

export const runtimes = { node, workerd, chromium };
