// One opening in a fresh process: reads on standard input what to open, prints milliseconds, nanoseconds and MiB.
import { readFileSync } from "node:fs";
import { openBundle } from "sentinel-edge/bundle";

const { demands, user, questions, files } = JSON.parse(readFileSync(0, "utf8"));
const bytes = Object.fromEntries(Object.entries(files).map(([kind, path]) => [kind, readFileSync(path)]));
const MiB = 1024 * 1024;

async function timed(what) {
  const start = performance.now();
  const value = await what();
  return [performance.now() - start, value];
}

// The first one compiles the module and imports the key; a small one, so that it is not the memory's.
const [slice] = await timed(async () => (await openBundle({ ...demands, user, bytes: bytes.slice })).close());
const [again, own] = await timed(() => openBundle({ ...demands, user, bytes: bytes.slice }));
own.close();
const held = process.memoryUsage.rss();
const [full, bundle] = await timed(() => openBundle({ ...demands, bytes: bytes.full }));
const memory = (process.memoryUsage.rss() - held) / MiB;

/** Nanoseconds a question, the best of some rounds of all. */
const rounds = Array.from({ length: 20 }, () => {
  const start = performance.now();
  for (const [object, relation, user] of questions) if (!bundle.check({ user, relation, object })) throw new Error(`${object} is denied`);
  return ((performance.now() - start) * 1e6) / questions.length;
});
const [delta] = await timed(() => bundle.apply(bytes.delta));
if (bundle.revision !== 2) throw new Error("the delta was not applied");
console.log(JSON.stringify({ slice, again, full, memory, check: Math.min(...rounds), delta }));
