// The verifier's benchmark: who verifies how fast, in every runtime.
//   node verify.mjs [--quick] [--only node,workerd,chromium,native,cold,hostile] [--write] [--json FILE]
// `--write` renders docs/benchmarks.md. `--quick` takes few tokens: it shows that all of it runs, its figures mean little.
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { installed, linkPackage, root, run } from "../hosts/install.mjs";
import { withResources } from "../hosts/resources.mjs";

const { values: options } = parseArgs({
  options: { quick: { type: "boolean" }, only: { type: "string" }, write: { type: "boolean" }, json: { type: "string" } },
});
const parts = ["node", "workerd", "chromium", "native", "cold", "hostile"];
const wanted = options.only?.split(",") ?? parts;
const unknown = wanted.filter((part) => !parts.includes(part));
if (unknown.length) throw new Error(`no such part: ${unknown}; there are ${parts}`);

await installed("hosts", "bench");
linkPackage("bench");
// These import what was just installed.
const { ALGORITHMS, material } = await import("./tokens.mjs");
const { runtimes } = await import("./runtimes.mjs");
const { coldStarts } = await import("./starts.mjs");
const { goals } = await import("./goals.mjs");
const { document, summary } = await import("./report.mjs");

const started = performance.now();
const progress = (text) => process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0).padStart(5)} s  ${text}\n`);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** How much is measured. workerd's clock counts whole milliseconds and Chromium's 5 us: their samples are of many tokens each. */
function plan(runtime, alg) {
  const scale = options.quick ? 0.05 : 1;
  const { samples, group } = {
    node: { samples: 4_000, group: 1 },
    native: { samples: 6_000, group: 1 },
    workerd: { samples: 30, group: alg === "HS256" ? 2_000 : 400 },
    chromium: { samples: 200, group: 20 },
  }[runtime];
  const batch = group === 1 ? 50 : group;
  const count = Math.max(Math.round((samples * scale * group) / batch), 2) * batch;
  return { warmUp: options.quick ? 50 : 500, batch, group, width: 64, turns: options.quick ? 3 : 40, count };
}

/** What the reader must know of where this was measured. */
const machine = () => ({
  date: new Date().toISOString().slice(0, 10),
  quick: Boolean(options.quick),
  cores: availableParallelism(),
  node: process.version,
  load: loadavg()[0],
});

async function measureIn(name, measure) {
  const results = {};
  for (const alg of ALGORITHMS) {
    const { count, ...rest } = plan(name, alg);
    progress(`${name}: ${alg}, ${count} tokens`);
    const load = loadavg()[0];
    results[alg] = { ...(await measure(material(alg, count + rest.warmUp), rest)), load };
  }
  return results;
}

async function native(data, plan) {
  const { stdout } = await run(join(target, "release", "sentinel-bench"), [], { input: JSON.stringify({ data, plan }) });
  return JSON.parse(stdout);
}

const target = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "bench");

const report = await withResources(async (use) => {
  const results = { machine: machine(), runtimes: {} };
  if (wanted.includes("native")) {
    progress("building the native benchmark");
    await run("cargo", ["build", "--release", "--quiet", "--locked", "--manifest-path", here("native/Cargo.toml"), "--target-dir", target]);
    results.runtimes.native = await measureIn("native", native);
  }
  for (const [name, start] of Object.entries(runtimes)) {
    if (wanted.includes(name)) results.runtimes[name] = await measureIn(name, await start(use));
  }
  if (wanted.includes("cold")) {
    progress("cold starts");
    results.cold = await coldStarts(material("RS256", 1), options.quick ? 3 : 41);
  }
  if (wanted.includes("hostile")) {
    progress("hostile input");
    const { hostile, ...data } = material("RS256", options.quick ? 50 : 2_000);
    const input = JSON.stringify({ data, hostile, runs: 101 });
    results.hostile = JSON.parse((await run(process.execPath, [here("hostile.mjs")], { input })).stdout);
  }
  results.machine.loadAfter = loadavg()[0];
  return { ...results, goals: goals(results) };
});

if (options.json) writeFileSync(options.json, JSON.stringify(report, null, 2));
if (options.write) writeFileSync(join(root, "docs", "benchmarks.md"), document(readFileSync(here("template.md"), "utf8"), report));
console.log(summary(report));
