// Builds and starts a Next app, asks it with a good and a bad token, and ends it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { run } from "../hosts/install.mjs";
import { folder } from "./packed.mjs";

const next = join(folder, "node_modules", "next", "dist", "bin", "next");

export async function askNext(app, { options, good, bad }) {
  const { url, close } = await startNext(app, { SENTINEL_OPTIONS: JSON.stringify(options) });
  try {
    const ask = (token) => fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const welcome = await ask(good);
    const refusal = await ask(bad);
    return {
      status: welcome.status,
      runtime: welcome.headers.get("x-runtime"),
      page: await welcome.text(),
      refusedStatus: refusal.status,
      refused: (await refusal.json()).code,
    };
  } finally {
    await close();
  }
}

/** Builds an app without the settings that it runs with, and starts it. */
export async function startNext(app, settings) {
  const cwd = join(folder, "apps", app);
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" };
  await run(process.execPath, [next, "build"], { cwd, env });
  const server = spawn(process.execPath, [next, "start", "--hostname", "127.0.0.1", "--port", "0"], { cwd, env: { ...env, ...settings }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(server, "close");
  const close = async () => {
    server.kill();
    await ended;
  };
  try {
    return { url: await address(server), close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The address it says that it listens on. */
function address(server) {
  return new Promise((resolve, reject) => {
    let text = "";
    const read = (chunk) => {
      text += chunk;
      const found = /http:\/\/127\.0\.0\.1:\d+/.exec(text);
      if (found) resolve(found[0]);
    };
    server.stdout.on("data", read);
    server.stderr.on("data", read);
    server.once("close", (status) => reject(new Error(`next start ended with ${status}\n${text}`)));
  });
}
