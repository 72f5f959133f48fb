// Installs a test folder's npm packages when its lock file is newer than what is there; a second run costs nothing.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder `tests`. */
export const tests = dirname(dirname(fileURLToPath(import.meta.url)));

/** The project. */
export const root = dirname(tests);

/** A folder of `tests`, or one named by its path from the project's. */
const placeOf = (folder) => (folder.includes("/") ? join(root, folder) : join(tests, folder));

export async function installed(...folders) {
  for (const folder of folders) {
    const cwd = placeOf(folder);
    const lock = join(cwd, "package-lock.json");
    const mark = join(cwd, "node_modules", ".package-lock.json");
    if (existsSync(mark) && statSync(mark).mtimeMs >= statSync(lock).mtimeMs) continue;
    process.stderr.write(`installing the npm packages of ${relative(root, cwd)} …\n`);
    await run("npm", ["ci", "--no-audit", "--no-fund"], { cwd });
  }
}

/** Runs a program to its end, or to ours; what it wrote is in the error when it fails. */
export function run(program, args, { input, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
    const end = () => child.kill();
    process.once("exit", end);
    child.on("close", () => process.removeListener("exit", end));
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text) => (stderr += text));
    child.stdin.on("error", () => {}).end(input);
    child.on("error", reject);
    child.on("close", (status, signal) => {
      if (status === 0) return resolve({ stdout, stderr });
      const error = new Error(`${program} ${args.join(" ")} ended with ${signal ?? status}\n${stderr || stdout}`);
      reject(Object.assign(error, { status, stdout, stderr }));
    });
  });
}

/** Makes the built package importable as `sentinel-edge` from a folder. */
export function linkPackage(folder) {
  const link = join(placeOf(folder), "node_modules", "sentinel-edge");
  const target = join(root, "npm");
  if (!existsSync(join(target, "dist"))) throw new Error("npm/dist is missing: build it with `cargo xtask build`");
  rmSync(link, { force: true, recursive: true });
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(target, link, "dir");
}
