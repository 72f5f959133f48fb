// Our own program: as a server with a folder of its own, and as the command line beside it.
import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root, run } from "../hosts/install.mjs";
import { temporaryFolder } from "../hosts/resources.mjs";

/** The binary that was built last, unless SENTINEL_BIN names one. */
export function sentinel() {
  if (process.env.SENTINEL_BIN) return process.env.SENTINEL_BIN;
  const target = process.env.CARGO_TARGET_DIR ?? join(root, "target");
  const built = ["release", "debug"].map((profile) => join(target, profile, "sentinel")).filter(existsSync);
  if (!built.length) throw new Error("the sentinel binary is missing: build it with `cargo build -p sentinel-server`");
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

/** How long a first start may take; it makes its keys. */
const READY_WITHIN_MS = 30_000;

/**
 * `sentinel serve` on a free loopback port, with SQLite and keys in a temporary folder. `settings` are environment
 * variables; nothing of this machine's own settings counts. `cli(…)` runs a command on the same data while it runs.
 */
export async function startSentinel(settings = {}) {
  const home = await temporaryFolder("sentinel-demo-");
  const folder = home.path;
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    DATA_DIR: join(folder, "data"),
    SERVICE_HOST: "127.0.0.1",
    SERVICE_PORT: "0",
    MANAGEMENT_PORT: "0",
    ...settings,
  };
  const cli = async (...args) => JSON.parse((await run(sentinel(), [...args, "--json"], { env, cwd: folder })).stdout);
  let serving;
  try {
    serving = await serve(env, folder);
  } catch (error) {
    await home.close();
    throw error;
  }
  const { url } = serving;
  return {
    url,
    jwksUrl: `${url}/.well-known/jwks.json`,
    cli,
    /** The program ends; `start` starts it anew, at the same address and with the same data. */
    stop: () => serving.end(),
    async start() {
      serving = await serve({ ...env, SERVICE_PORT: new URL(url).port }, folder);
    },
    async close() {
      await serving.end();
      await home.close();
    },
  };
}

async function serve(env, folder) {
  const child = spawn(sentinel(), ["serve"], { env, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("close", resolve).once("error", resolve));
  const kill = () => child.kill("SIGKILL");
  // Before the folder is removed.
  process.prependOnceListener("exit", kill);
  const end = async () => {
    child.kill("SIGTERM");
    await ended;
    process.removeListener("exit", kill);
  };
  try {
    return { url: await listening(child, ended), end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Where it listens, by its log; what it said meanwhile is in the error where it does not. */
function listening(child, ended) {
  const said = [];
  return new Promise((resolve, reject) => {
    const fail = (why) => reject(new Error(`sentinel serve ${why}\n${said.join("\n")}`));
    const timer = setTimeout(() => fail(`was not ready in ${READY_WITHIN_MS} ms`), READY_WITHIN_MS);
    const line = (text) => {
      said.push(text);
      if (!text.includes('"listening"')) return;
      clearTimeout(timer);
      resolve(JSON.parse(text).base_url);
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", line);
    ended.then((why) => (clearTimeout(timer), fail(`ended: ${why?.message ?? why}`)));
  });
}
