// Builds and starts a Next app, asks it with a good and a bad token, and ends it.
import { join } from "node:path";
import { buildNext, serveNext } from "../hosts/next.mjs";
import { folder } from "./packed.mjs";

const next = join(folder, "node_modules", "next", "dist", "bin", "next");

export async function askNext(app, { options, good, bad }) {
  const { url, close } = await startNext(app, { SENTINEL_OPTIONS: JSON.stringify(options) });
  try {
    const ask = (token) => fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const welcome = await ask(good);
    const refusal = await ask(bad);
    const denial = await fetch(url, { method: "POST", headers: { authorization: `Bearer ${good}` } });
    return {
      status: welcome.status,
      runtime: welcome.headers.get("x-runtime"),
      decision: welcome.headers.get("x-decision"),
      page: await welcome.text(),
      refusedStatus: refusal.status,
      refused: (await refusal.json()).code,
      denied: [denial.status, (await denial.json()).code],
    };
  } finally {
    await close();
  }
}

/** Builds an app without the settings that it runs with, and starts it. */
export async function startNext(app, settings) {
  const cwd = join(folder, "apps", app);
  await buildNext(next, cwd);
  return serveNext(next, cwd, settings);
}
