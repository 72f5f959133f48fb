// A headless Chromium: the one of the system, driven over its debugging pipe.
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { chromium } from "playwright-core";

const names = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

// It is given loopback pages only and should not call home meanwhile. Root in a container has no user namespace to sandbox with.
const flags = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  ...(process.getuid?.() === 0 ? ["--no-sandbox"] : []),
];

function executable() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of names) {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return join(folder, name);
      } catch {
        // not here
      }
    }
  }
  throw new Error("no Chromium found: `apt-get install -y chromium`, or name yours in CHROMIUM");
}

/** The caller closes it; signals are the caller's too. */
export const launchChromium = (args = []) =>
  chromium.launch({
    executablePath: executable(),
    args: [...flags, ...args],
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });

/** A page that fails loudly: what it throws or logs as an error rejects `page.failed`. */
export async function openPage(browser, url) {
  const page = await browser.newPage();
  const failed = new Promise((_, reject) => page.on("pageerror", reject));
  failed.catch(() => {});
  await Promise.race([page.goto(url), failed]);
  return { page, evaluate: (...args) => Promise.race([page.evaluate(...args), failed]) };
}
