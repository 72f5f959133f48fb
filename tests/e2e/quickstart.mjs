// What the quickstarts' tests share: a page of the guide with other ports, and programs that run until they are ended.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { root } from "../hosts/install.mjs";

export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

/** A page of the guide, with other ports than those of an ordinary machine. */
export async function pageOf(name, ports) {
  let text = await readFile(join(root, "docs/guide", name), "utf8");
  for (const [shown, port] of Object.entries(ports)) text = text.replaceAll(shown, port);
  return text;
}

/** Starts what runs until it is ended; answers once it has said `ready`. */
export async function serve(use, code, ready, options) {
  // A group of its own: what the shell started ends with it. An open pipe as input, for what ends with its input.
  const child = spawn("sh", ["-ec", code], { ...options, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  const end = (signal) => {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // It has ended.
    }
  };
  const kill = () => end("SIGKILL");
  process.prependOnceListener("exit", kill);
  const closed = new Promise((resolve) => child.once("close", resolve));
  use(child, async () => {
    end("SIGTERM");
    const timer = setTimeout(kill, 10_000);
    await closed;
    clearTimeout(timer);
    process.removeListener("exit", kill);
  });
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready: ${code}\n${said}`)), 60_000);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => {
        said += text;
        if (said.includes(ready)) resolve(clearTimeout(timer));
      });
    }
    closed.then(() => reject(new Error(`ended: ${code}\n${said}`)));
  });
}
