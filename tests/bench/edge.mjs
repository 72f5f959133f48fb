// The edge's benchmark: what a decision at the gateway costs, and what bundles take.
//   node edge.mjs [--quick] [--write] [--json FILE]
// `--write` renders docs/benchmarks-edge.md. `--quick` asks little: it shows that all of it runs, its figures mean little.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installed, linkPackage, root, run } from "../hosts/install.mjs";
import { temporaryFolder, withResources } from "../hosts/resources.mjs";

const { values: options } = parseArgs({ options: { quick: { type: "boolean" }, write: { type: "boolean" }, json: { type: "string" } } });

await installed("hosts", "bench");
linkPackage("bench");
// These import what was just installed.
const { decisions } = await import("./edge/decisions.mjs");
const { openings } = await import("./edge/openings.mjs");
const { document, summary } = await import("./edge/report.mjs");

const started = performance.now();
const progress = (text) => process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}\n`);
const plan = options.quick
  ? { sizes: [10_000], decided: 10_000, tokens: 200, rounds: 2, runs: 2 }
  : { sizes: [10_000, 100_000, 1_000_000], decided: 100_000, tokens: 6_000, rounds: 12, runs: 9 };

const report = await withResources(async (use) => {
  const machine = { date: new Date().toISOString().slice(0, 10), quick: Boolean(options.quick), cores: availableParallelism(), node: process.version, load: loadavg()[0] };
  const folder = use(await temporaryFolder("sentinel-edge-")).path;
  progress(`writes bundles of ${plan.sizes.join(", ")} tuples`);
  const example = ["run", "--release", "--quiet", "--locked", "-p", "sentinel-core", "--features", "bundle-write,dsl,pure", "--example", "bundle_files", "--"];
  const stores = JSON.parse((await run("cargo", [...example, folder, ...plan.sizes.map(String)], { cwd: root })).stdout);
  const file = (count, kind) => join(folder, `${count}.${kind}`);
  const results = { machine, stores, openings: await openings({ stores, file, plan, use, progress }), decisions: await decisions({ stores, folder, file, plan, use, progress }) };
  machine.loadAfter = loadavg()[0];
  return results;
});

if (options.json) writeFileSync(options.json, JSON.stringify(report, null, 2));
const template = fileURLToPath(new URL("edge/template.md", import.meta.url));
if (options.write) writeFileSync(join(root, "docs", "benchmarks-edge.md"), document(readFileSync(template, "utf8"), report));
console.log(summary(report));
