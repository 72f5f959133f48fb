// The engine's contenders in Node, in one process: they take turns on the same questions, and who goes first rotates.
//   node engine.mjs PLAN: the file that src/javascript.rs writes. Prints its figures as JSON.
import { readFileSync } from "node:fs";
import { linkPackage } from "../../hosts/install.mjs";

linkPackage("bench/policy");
// These import what was just linked, and what npm installed.
const contenders = await Promise.all(["sentinel", "cedar", "casbin"].map((name) => import(`./contenders/${name}.mjs`)));

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const unable = [];
const lines = [];
/** What our module's memory has grown to, which never shrinks. */
const wasm = [];

/** Every contender with every size that it can be asked about; `check` answers one question. */
for (const { name, whyNot, make } of contenders) {
  for (const size of plan.sizes) {
    const why = whyNot?.(size.tuples);
    if (why) {
      if (!unable.some((known) => known.contender === name && known.why === why)) unable.push({ contender: name, why });
      continue;
    }
    const { prepare, group, questions: most, memory } = await make(plan, readFileSync(size.file, "utf8").split("\n"));
    if (memory) wasm.push({ tuples: size.tuples, bytes: memory });
    for (const { key, questions } of size.cases) {
      const asked = questions.slice(0, most).map(([object, relation, user, allowed, document]) => ({ ...prepare(key, { object, relation, user, document }), allowed }));
      lines.push({ contender: name, case: key, tuples: size.tuples, asked, group, samples: [] });
    }
  }
}

/** Asks everything once, and verifies it: nanoseconds a check, of each group. */
function pass({ contender, case: key, asked, group }) {
  const samples = [];
  for (let at = 0; at < asked.length; at += group) {
    const some = asked.slice(at, at + group);
    let wrong = 0;
    const start = performance.now();
    for (const { check, allowed } of some) if (check() !== allowed) wrong++;
    samples.push(((performance.now() - start) * 1e6) / some.length);
    if (wrong) throw new Error(`${contender}, ${key}: ${wrong} wrong answers`);
  }
  return samples;
}

// Each turn begins with a pass that does not count: a line is not charged for what the others pushed out of the caches.
for (let round = 0; round < plan.rounds; round++) {
  for (let turn = 0; turn < lines.length; turn++) {
    const line = lines[(turn + round) % lines.length];
    pass(line);
    line.samples.push(...pass(line));
  }
}

function spread(samples) {
  samples.sort((a, b) => a - b);
  const at = (share) => samples[Math.floor((samples.length - 1) * share)];
  return { min: at(0), p10: at(0.1), median: at(0.5) };
}

const cells = lines.map(({ contender, case: key, tuples, samples }) => ({ contender, case: key, tuples, ns: spread(samples) }));
console.log(JSON.stringify({ cells, unable, wasm, node: process.version }));
