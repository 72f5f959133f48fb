// The Next.js front end: built once from what it is made of, with the package as it was built last.
import { createHash } from "node:crypto";
import { cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../hosts/install.mjs";
import { buildNext, serveNext } from "../hosts/next.mjs";

const folder = join(root, "examples", "team-notes", "next");
const next = join(folder, "node_modules", "next", "dist", "bin", "next");

export async function startFrontEnd(settings, progress) {
  await build(progress);
  const proxy = createHash("sha256").update(`${settings.SENTINEL_SERVICE_KEY} proxy`).digest("base64url");
  return serveNext(next, folder, { ...settings, SENTINEL_PROXY_SECRET: proxy });
}

async function build(progress) {
  const stamp = join(folder, ".next", "built-from");
  const made = await fingerprint();
  if ((await readFile(stamp, "utf8").catch(() => "")) === made) return;
  progress("Team Notes: next build, once");
  const installed = join(folder, "node_modules", "sentinel-edge");
  await rm(installed, { recursive: true, force: true });
  for (const part of ["package.json", "dist"]) await cp(join(root, "npm", part), join(installed, part), { recursive: true });
  await rm(join(folder, ".next"), { recursive: true, force: true });
  await buildNext(next, folder);
  await writeFile(stamp, made);
}

/** Of all that the build reads but the packages, which the lock file names. */
async function fingerprint() {
  const hash = createHash("sha256");
  for (const place of [join(folder, "app"), join(root, "npm", "dist"), folder]) {
    // Of the folder itself its own files alone.
    const files = await readdir(place, { recursive: place !== folder, withFileTypes: true });
    const names = files.filter((file) => file.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    for (const name of names.sort()) hash.update(`${name}\n`).update(await readFile(name));
  }
  return hash.digest("hex");
}
