// workerd alone: the runtime with one Worker, no tool's own Worker before it, so that what is measured is the Worker.
import { spawn } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { tests } from "../../hosts/install.mjs";
import { temporaryFolder } from "../../hosts/resources.mjs";

const READY_WITHIN_MS = 60_000;
const hosts = createRequire(join(tests, "hosts", "package.json"));
const { build } = hosts("esbuild");
// What miniflare brings along.
const { default: program } = hosts("workerd");

const text = (value) => JSON.stringify(value);

/**
 * Starts a Worker; `bindings` are texts. `pid` is workerd's, `started` when it was called for. A Worker's key set, bundle
 * and server are on loopback.
 */
export async function start({ entry, bindings = {} }) {
  const home = await temporaryFolder("sentinel-edge-");
  const { outputFiles } = await build({
    entryPoints: [entry],
    outdir: "/out",
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    loader: { ".wasm": "copy" },
    outExtension: { ".js": ".mjs" },
    write: false,
    logLevel: "error",
  });
  const files = outputFiles.map(({ path, contents }) => ({ name: basename(path), contents }));
  files.sort((a, b) => Number(a.name.endsWith(".wasm")) - Number(b.name.endsWith(".wasm")));
  for (const { name, contents } of files) await writeFile(join(home.path, name), contents);
  const modules = files.map(({ name }) => `(name = ${text(name)}, ${name.endsWith(".wasm") ? "wasm" : "esModule"} = embed ${text(name)})`);
  const given = Object.entries(bindings).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "main", worker = (
      modules = [${modules}],
      bindings = [${given}],
      compatibilityDate = "2026-04-01",
    )),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`;
  await writeFile(join(home.path, "config.capnp"), config);
  const started = performance.now();
  const child = spawn(program, ["serve", "config.capnp", "--control-fd=3"], { cwd: home.path, stdio: ["ignore", "pipe", "pipe", "pipe"] });
  const said = [];
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on("line", (line) => said.push(line) > 50 && said.shift());
  const ended = new Promise((resolve) => child.once("close", resolve).once("error", resolve));
  const close = async () => {
    child.kill("SIGKILL");
    await ended;
    await home.close();
  };
  const port = await new Promise((resolve, reject) => {
    const fail = (why) => close().then(() => reject(new Error(`workerd ${why}\n${said.join("\n")}`)));
    const timer = setTimeout(() => fail(`was not ready in ${READY_WITHIN_MS} ms`), READY_WITHIN_MS);
    ended.then(() => (clearTimeout(timer), fail("ended")));
    createInterface({ input: child.stdio[3] }).on("line", (line) => {
      const { event, socket, port } = JSON.parse(line);
      if (event === "listen" && socket === "http") (clearTimeout(timer), resolve(port));
    });
  });
  return { port, started, said, pid: child.pid, close };
}

/** Microseconds of CPU that a process has taken, all its threads together. Linux only. */
export function cpuOf(pid) {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => sum + Number(readFileSync(join(tasks, task, "schedstat"), "utf8").split(" ")[0]) / 1000, 0);
}

/** MiB that a process holds. Linux only. */
export const memoryOf = (pid) => Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
