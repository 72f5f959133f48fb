// The engine's contenders in Node, in one process: they take turns on the same questions, and who goes first rotates.
//   node engine.mjs PLAN: the file that src/javascript.rs writes. Prints its figures as JSON.
import { readFileSync } from "node:fs";
import * as casbin from "./contenders/casbin.mjs";
import * as cedar from "./contenders/cedar.mjs";

const plan = JSON.parse(readFileSync(process.argv[2], "utf8"));
const unable = [];
const lines = [];

/** Every contender with every size that it can be asked about; `check` answers one question. */
for (const { name, whyNot, make } of [cedar, casbin]) {
  for (const size of plan.sizes) {
    const why = whyNot?.(size.tuples);
    if (why) {
      if (!unable.some((known) => known.contender === name && known.why === why)) unable.push({ contender: name, why });
      continue;
    }
    const { prepare, group, questions: most } = await make(plan, readFileSync(size.file, "utf8").split("\n"));
    for (const { key, questions } of size.cases) {
      const asked = questions.slice(0, most).map(([object, relation, user, allowed, document]) => ({ ...prepare(key, { object, relation, user, document }), allowed }));
      lines.push({ contender: name, case: key, tuples: size.tuples, asked, group, samples: [] });
    }
  }
}

// The first round verifies every answer and counts for nothing.
for (let round = 0; round <= plan.rounds; round++) {
  for (let turn = 0; turn < lines.length; turn++) {
    const { contender, case: key, asked, group, samples } = lines[(turn + round) % lines.length];
    for (let at = 0; at < asked.length; at += group) {
      const some = asked.slice(at, at + group);
      let wrong = 0;
      const start = performance.now();
      for (const { check, allowed } of some) if (check() !== allowed) wrong++;
      const ns = ((performance.now() - start) * 1e6) / some.length;
      if (wrong) throw new Error(`${contender}, ${key}: ${wrong} wrong answers`);
      if (round > 0) samples.push(ns);
    }
  }
}

function spread(samples) {
  samples.sort((a, b) => a - b);
  const at = (share) => samples[Math.floor((samples.length - 1) * share)];
  return { min: at(0), p10: at(0.1), median: at(0.5) };
}

const cells = lines.map(({ contender, case: key, tuples, samples }) => ({ contender, case: key, tuples, ns: spread(samples) }));
console.log(JSON.stringify({ cells, unable, node: process.version }));
