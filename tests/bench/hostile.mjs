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
const refusals = {};
for (const [name, token] of Object.entries(hostile)) {
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
  refusals[name] = { code, first: times[0], median: times[times.length >> 1], most: times.at(-1) };
}
verifier.verifySync(tokens[0]);
console.log(JSON.stringify({ memory: { before, after: memory() }, refusals }));
