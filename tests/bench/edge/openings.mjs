// What bundles take in WebAssembly: each opened in a fresh Node, and changed by a hundred.
import { fileURLToPath } from "node:url";
import { run } from "../../hosts/install.mjs";
import { spread } from "./requests.mjs";

export async function openings({ stores, file, plan, progress }) {
  const { sizes, ...demands } = stores;
  const rows = [];
  for (const { count, user, questions } of sizes) {
    progress(`opens the bundle of ${count} tuples`);
    const runs = [];
    for (let at = 0; at < plan.runs; at++) {
      const input = JSON.stringify({ demands, user, questions, files: Object.fromEntries(["full", "delta", "slice"].map((kind) => [kind, file(count, kind)])) });
      runs.push(JSON.parse((await run(process.execPath, [fileURLToPath(new URL("open.mjs", import.meta.url))], { input, timeout: 120_000 })).stdout));
    }
    const of = (name) => spread(runs.map((run) => run[name]));
    rows.push({ count, ...Object.fromEntries(Object.keys(runs[0]).map((name) => [name, of(name)])) });
  }
  return rows;
}
