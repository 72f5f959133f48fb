// What a page shows at each step, kept for who wants to see it.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../hosts/install.mjs";

/** Keeps pictures as `target/NAME/NN what.png`. */
export function album(name) {
  const folder = join(root, "target", name);
  let number = 0;
  return async (page, what) => {
    // Of an earlier run.
    if (number === 0) await rm(folder, { recursive: true, force: true });
    number += 1;
    await mkdir(folder, { recursive: true });
    await page.screenshot({ path: join(folder, `${String(number).padStart(2, "0")} ${what}.png`), fullPage: true });
  };
}
