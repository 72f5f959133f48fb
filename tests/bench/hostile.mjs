// Hostile input in Node, in a process of its own: how fast it is refused, with which code, and whether memory grew.
// Reads `{ data, hostile }` (see tokens.mjs) from its input.
import { text } from "node:stream/consumers";

const memories = [];
const { Instance } = WebAssembly;
WebAssembly.Instance = new Proxy(Instance, {
  construct(target, args, self) {
    const instance = Reflect.construct(target, args, self);
    if (instance.exports.memory) memories.push(instance.exports.memory);
    return instance;
  },
});
const memory = () => memories.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);

const { data, hostile, runs } = JSON.parse(await text(process.stdin));
const { createVerifier } = await import("sentinel-edge");
const { alg, issuer, audience, jwk, tokens } = data;
const verifier = createVerifier({ issuer, audience, algorithms: [alg], jwks: { keys: [jwk] } });
for (const token of tokens) verifier.verifySync(token);

const before = memory();
if (before === 0) throw new Error("the WebAssembly memory was not found");

/** Refuses each `runs` times. */
function round() {
  return Object.fromEntries(Object.entries(hostile).map(([name, token]) => [name, refused(token)]));
}

function refused(token) {
  let code = "accepted";
  const times = [];
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    try {
      verifier.verifySync(token);
    } catch (error) {
      code = error.code;
    }
    times.push((performance.now() - start) * 1000);
  }
  times.sort((a, b) => a - b);
  return { code, min: times[0], median: times[times.length >> 1], most: times.at(-1) };
}

const refusals = round();
const after = memory();
// Whatever grew for the first of them is used again.
round();
verifier.verifySync(tokens[0]);
console.log(JSON.stringify({ memory: { before, after, again: memory() }, refusals }));
