// From figures to text: docs/benchmarks-edge.md from its template, and a summary for the terminal.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { root } from "../../hosts/install.mjs";

const EMPTY = "a Worker that decides nothing";
const JOSE = "`jose`, the token alone";
const BUNDLE = "the gateway, token, route and relation, from a bundle";
const SERVER = "the gateway, token, route and relation, from the server";

const us = (value) => value.toFixed(0);
const ms = (value) => value.toFixed(value < 10 ? 2 : 0);
const KB = (bytes) => `${(bytes / 1000).toFixed(bytes < 100_000 ? 1 : 0)} KB`;
const count = (number) => number.toLocaleString("en");
const each = ({ min, p10, median }, format) => [min, p10, median].map(format).join(" / ");
const table = (head, rows) => [head, head.map((_, i) => (i ? "---:" : "---")), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

/** The Worker as it is deployed: its module, compressed as the platform counts it. */
const workerSize = () => ["lib.wasm", "lib.js"].reduce((sum, file) => sum + gzipSync(readFileSync(join(root, "target", "wasm", "pkg", "edge-worker", file)), { level: 9 }).length, 0);

/** CPU of a line beyond what the request costs by itself. */
const own = (lines, name) => lines[name].cpu.p10 - lines[EMPTY].cpu.p10;

function goals({ decisions, openings, stores }) {
  const list = [];
  const goal = (what, reached, limit, format) => list.push({ what, reached: format(reached), limit: format(limit), met: reached <= limit });
  const ratio = (value) => `${value.toFixed(2)}x`;
  for (const [algorithm, lines] of Object.entries(decisions)) {
    goal(`${algorithm}: token, route and a relation 10 folders deep, CPU, of \`jose\`'s for the token alone`, own(lines, BUNDLE) / own(lines, JOSE), 1.2, ratio);
  }
  goal("the Worker, gzipped: the platform's limit", workerSize(), 1_000_000, KB);
  goal("the Worker, gzipped: our goal", workerSize(), 200_000, KB);
  const largest = stores.sizes.at(-1);
  goal(`a median user's slice, of ${count(largest.tuples)} tuples`, largest.slice, 20_000, KB);
  goal("a delta of 100 changes, applied", openings.at(-1).delta.median, 1, (value) => `${ms(value)} ms`);
  return list;
}

const goalTable = (goals) => table(["", "at most", "reached", ""], goals.map(({ what, limit, reached, met }) => [what, limit, reached, met ? "met" : "**missed**"]));

function decisionTables(decisions) {
  return Object.entries(decisions)
    .map(([algorithm, lines]) => {
      const rows = Object.entries(lines).map(([name, { wall, cpu, memory, first }]) => [name, each(wall, us), each(cpu, us), name === EMPTY ? "" : us(own(lines, name)), ms(first), memory.toFixed(0)]);
      return `### ${algorithm}\n\n${table(["us a request: min / p10 / median", "wall", "CPU", "CPU of the decision", "first answer after, ms", "RSS, MiB"], rows)}`;
    })
    .join("\n\n");
}

const sizeTable = ({ sizes }) =>
  table(
    ["tuples", "bundle", "bytes a tuple, with names", "delta of 100 changes", "median slice"],
    sizes.map(({ tuples, full, delta, slice }) => [count(tuples), KB(full), (full / tuples).toFixed(2), KB(delta), KB(slice)]),
  );

const openingTable = (openings) =>
  table(
    ["asked for tuples", "opened, ms", "memory, MiB", "a check 10 folders deep, ns", "delta applied, ms", "slice opened first, ms", "and again, ms"],
    openings.map(({ count: tuples, full, memory, check, delta, slice, again }) => [count(tuples), each(full, ms), memory.median.toFixed(0), each(check, us), each(delta, ms), each(slice, ms), each(again, ms)]),
  );

const machineLine = ({ date, cores, node, load, loadAfter }) =>
  `Measured on ${date}: ${cores} cores, Node ${node}; load average ${load.toFixed(2)} at the start, ${loadAfter.toFixed(2)} at the end (the run's own load included).`;

export function document(template, report) {
  const parts = {
    machine: machineLine(report.machine),
    goals: goalTable(goals(report)),
    decisions: decisionTables(report.decisions),
    sizes: sizeTable(report.stores),
    openings: openingTable(report.openings),
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name]);
}

export function summary(report) {
  const lines = [];
  for (const [algorithm, all] of Object.entries(report.decisions)) {
    lines.push(`${algorithm} (us a request, p10: wall / CPU / CPU of the decision)`);
    for (const [name, { wall, cpu }] of Object.entries(all)) lines.push(`  ${name.padEnd(58)}${us(wall.p10).padStart(7)}${us(cpu.p10).padStart(7)}${us(own(all, name)).padStart(7)}`);
    lines.push(`  the bundle saves ${us(all[SERVER].wall.p10 - all[BUNDLE].wall.p10)} us of waiting for the server`);
  }
  lines.push(sizeTable(report.stores), openingTable(report.openings));
  for (const { what, reached, limit, met } of goals(report)) lines.push(`${met ? "met   " : "MISSED"} ${what}: ${reached} (at most ${limit})`);
  lines.push(machineLine(report.machine), report.machine.quick ? "A quick run: its figures mean little." : "");
  return lines.join("\n");
}
