// The package as a user gets it: packed, then installed from its archive.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root, run, tests } from "../hosts/install.mjs";

export const folder = join(tests, "packaging");

export async function installPacked() {
  const archives = await mkdtemp(join(tmpdir(), "sentinel-packed-"));
  try {
    const { stdout } = await run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", archives], { cwd: join(root, "npm") });
    const [{ filename, files }] = JSON.parse(stdout);
    // npm takes an equal version for the same package: what an earlier build left must go first.
    await rm(join(folder, "node_modules", "sentinel-edge"), { recursive: true, force: true });
    await run("npm", ["install", "--no-save", "--ignore-scripts", "--prefer-offline", join(archives, filename)], { cwd: folder });
    return files.map(({ path }) => path);
  } finally {
    await rm(archives, { recursive: true });
  }
}
