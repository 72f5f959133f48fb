// A Next application: built, and served on a free port.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { run } from "./install.mjs";

const common = { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" };

/** `next` is the program's file; the application is built without the settings that it runs with. */
export const buildNext = (next, cwd) => run(process.execPath, [next, "build"], { cwd, env: { ...process.env, ...common } });

/** Serves what was built; answers `{ url, close }` once it listens. */
export async function serveNext(next, cwd, settings) {
  const args = [next, "start", "--hostname", "127.0.0.1", "--port", "0"];
  const server = spawn(process.execPath, args, { cwd, env: { ...process.env, ...common, ...settings }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(server, "close");
  const kill = () => server.kill("SIGKILL");
  process.once("exit", kill);
  const close = async () => {
    server.kill();
    await ended;
    process.removeListener("exit", kill);
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
