// A program that serves HTTP and says where.
import { spawn } from "node:child_process";
import { once } from "node:events";

const READY_WITHIN_MS = 30_000;

/** Starts it; answers `{ url, close }` once it has printed the address that it listens on. */
export async function startProgram(program, args, { cwd, env }) {
  const child = spawn(program, args, { cwd, env: { PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: "1", ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const ended = Promise.race([once(child, "close"), once(child, "error")]);
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const close = async () => {
    child.kill();
    await ended.catch(() => {});
    process.removeListener("exit", kill);
  };
  let said = "";
  try {
    const url = await new Promise((resolve, reject) => {
      const fail = (why) => reject(new Error(`${program} ${why}\n${said}`));
      const timer = setTimeout(() => fail("did not listen"), READY_WITHIN_MS);
      const read = (chunk) => {
        said += chunk;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
        if (found) resolve((clearTimeout(timer), found[0]));
      };
      for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", read);
      ended.then((why) => (clearTimeout(timer), fail(`ended: ${why}`)), (error) => (clearTimeout(timer), fail(error.message)));
    });
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}
