// Cold starts, each in a fresh Node, in turns.
import { fileURLToPath } from "node:url";
import { run } from "../hosts/install.mjs";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const starters = {
  "sentinel-edge": ["sentinel, verifySync", "./contenders/sentinel.mjs"],
  "jose": ["jose", "./contenders/jose.mjs"],
  "fast-jwt": ["fast-jwt", "./contenders/fast-jwt.mjs"],
  "jsonwebtoken": ["jsonwebtoken", "./contenders/jsonwebtoken.mjs"],
};

/** Milliseconds from before the import to the first verified claims. */
export async function coldStarts(data, runs) {
  const input = JSON.stringify(data);
  const samples = Object.fromEntries(Object.keys(starters).map((name) => [name, []]));
  for (let turn = 0; turn < runs; turn++) {
    for (const [name, contender] of Object.entries(starters)) {
      const { stdout } = await run(process.execPath, [here("cold.mjs"), ...contender], { input, timeout: 60_000 });
      samples[name].push(Number(stdout));
    }
  }
  return Object.fromEntries(
    Object.entries(samples).map(([name, ms]) => {
      ms.sort((a, b) => a - b);
      return [name, { min: ms[0], p10: ms[Math.floor((runs - 1) / 10)], median: ms[runs >> 1] }];
    }),
  );
}
