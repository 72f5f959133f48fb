// From figures to text: docs/benchmarks.md from its template, and a summary for the terminal.

const names = { node: "Node", workerd: "workerd", chromium: "Chromium", native: "native" };
const baseline = { node: "jose", workerd: "jose", chromium: "jose", native: "ring, raw" };

const us = (value) => (value === undefined ? "" : value < 1 ? value.toFixed(2) : value < 10 ? value.toFixed(1) : value.toFixed(0));
const ratio = (value) => (Number.isFinite(value) ? `${value.toFixed(2)}x` : "");

const table = (head, rows) => [head, head.map((_, i) => (i ? "---:" : "---")), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

function contenders(runtime, { oneByOne, unable = {} }) {
  const base = oneByOne[baseline[runtime]];
  const rows = Object.entries(oneByOne)
    .sort(([, a], [, b]) => a.p10 - b.p10)
    .map(([name, { min, p10, median, cpu }]) => [name, us(min), us(p10), us(median), us(cpu), ratio(p10 / base.p10), ratio(cpu / base.cpu)]);
  for (const [name, why] of Object.entries(unable)) rows.push([`${name}: cannot (${why.replace(/\.$/, "")})`, "", "", "", "", "", ""]);
  return table(["whole token, us", "min", "p10", "median", "CPU", `p10 / ${baseline[runtime]}`, `CPU / ${baseline[runtime]}`], rows);
}

const plain = (title, results) =>
  results && table([title, "min", "p10", "median"], Object.entries(results).map(([name, { min, p10, median }]) => [name, us(min), us(p10), us(median)]));

function runtime(name, algorithms) {
  const sections = Object.entries(algorithms).map(([alg, results]) =>
    [
      `### ${names[name]}, ${alg}`,
      contenders(name, results),
      plain("64 in flight, us a token", results.inFlight),
      Object.keys(results.repeated ?? {}).length ? plain("the same token again, us", results.repeated) : undefined,
      `Load average ${results.load.toFixed(2)}.`,
    ].filter(Boolean).join("\n\n"),
  );
  return [`## ${names[name]}`, ...sections].join("\n\n");
}

const unit = { x: ratio, us: (value) => `${us(value)} us`, ms: (value) => `${value.toFixed(1)} ms`, KiB: (value) => `${value} KiB` };

const goalTable = (goals) =>
  table(
    ["goal", "at most", "reached", "met"],
    goals.map((goal) => [goal.what, unit[goal.unit](goal.limit), unit[goal.unit](goal.reached), goal.met ? "yes" : "**no**"]),
  );

const coldTable = (cold) =>
  table(["import and first verification, ms", "min", "p10", "median"], Object.entries(cold).map(([name, { min, p10, median }]) => [name, ...[min, p10, median].map((ms) => ms.toFixed(1))]));

function hostileTable({ refusals, memory }) {
  const rows = Object.entries(refusals).map(([name, { code, min, median, most }]) => [name, `\`${code}\``, us(min), us(median), us(most)]);
  const kib = (bytes) => `${(bytes / 1024).toFixed(0)} KiB`;
  return `${table(["refused in, us", "code", "min", "median", "most"], rows)}\n\nWASM memory before: ${kib(memory.before)}; after: ${kib(memory.after)}; after the same again: ${kib(memory.again)}.`;
}

const machineLine = ({ date, cores, node, load, loadAfter }) =>
  `Measured on ${date}: ${cores} cores, Node ${node}; load average ${load.toFixed(2)} at the start, ${loadAfter.toFixed(2)} at the end.`;

/** Fills `{{name}}` in the template; what was not measured must not be published. */
export function document(template, report) {
  const parts = {
    machine: machineLine(report.machine),
    goals: goalTable(report.goals),
    runtimes: Object.entries(report.runtimes).map(([name, algorithms]) => runtime(name, algorithms)).join("\n\n"),
    cold: report.cold && coldTable(report.cold),
    hostile: report.hostile && hostileTable(report.hostile),
  };
  return template.replace(/\{\{(\w+)\}\}/g, (_, name) => {
    if (!parts[name]) throw new Error(`${name} was not measured: write the document from a full run`);
    return parts[name];
  });
}

/** For a terminal: how each runtime did, and every goal. */
export function summary(report) {
  const lines = [];
  for (const [name, algorithms] of Object.entries(report.runtimes)) {
    for (const [alg, { oneByOne }] of Object.entries(algorithms)) {
      lines.push(`${names[name]}, ${alg} (us, p10 / median / CPU)`);
      for (const [contender, { p10, median, cpu }] of Object.entries(oneByOne)) {
        lines.push(`  ${contender.padEnd(28)}${us(p10).padStart(8)}${us(median).padStart(8)}${us(cpu).padStart(8)}`);
      }
    }
  }
  for (const [name, { p10, median }] of Object.entries(report.cold ?? {})) lines.push(`Cold start of ${name} (ms, p10 / median)${p10.toFixed(1).padStart(8)}${median.toFixed(1).padStart(8)}`);
  for (const { what, reached, limit, unit: kind, met } of report.goals) lines.push(`${met ? "met   " : "MISSED"} ${what}: ${unit[kind](reached)} (at most ${unit[kind](limit)})`);
  lines.push(machineLine(report.machine), report.machine.quick ? "A quick run: its figures mean little." : "");
  return lines.join("\n");
}
