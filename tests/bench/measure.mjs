// The loops, the same in every runtime. Contenders take turns on batches of the same tokens; which goes first rotates.

/** Wall time in microseconds per token: one sample for each `group` of tokens. `cpu()` counts microseconds of CPU, where it can be asked inside. */
export async function oneByOne(contenders, tokens, { batch, group = 1, cpu }) {
  return inTurns(contenders, tokens, batch, cpu, async (verify, batch) => {
    const samples = [];
    for (let at = 0; at < batch.length; at += group) {
      const start = performance.now();
      const end = Math.min(at + group, batch.length);
      for (let i = at; i < end; i++) {
        const answer = verify(batch[i]);
        read(answer instanceof Promise ? await answer : answer);
      }
      samples.push(((performance.now() - start) * 1000) / (end - at));
    }
    return samples;
  });
}

/** As a busy server: `width` verifications at a time. */
export async function inFlight(contenders, tokens, { batch, width, cpu }) {
  return inTurns(contenders, tokens, Math.ceil(batch / width) * width, cpu, async (verify, batch) => {
    const start = performance.now();
    for (let at = 0; at < batch.length; at += width) {
      for (const claims of await Promise.all(batch.slice(at, at + width).map(async (token) => verify(token)))) read(claims);
    }
    return [((performance.now() - start) * 1000) / batch.length];
  });
}

/** One token again and again: what a cache is for. */
export async function repeated(contenders, token, { batch, turns, cpu }) {
  const tokens = Array(batch * turns).fill(token);
  return inTurns(contenders, tokens, batch, cpu, async (verify, batch) => {
    const start = performance.now();
    for (const token of batch) {
      const answer = verify(token);
      read(answer instanceof Promise ? await answer : answer);
    }
    return [((performance.now() - start) * 1000) / batch.length];
  });
}

async function inTurns(contenders, tokens, batch, cpu, run) {
  const names = Object.keys(contenders);
  const results = Object.fromEntries(names.map((name) => [name, { samples: [], cpu: 0, tokens: 0 }]));
  for (let at = 0, round = 0; at + batch <= tokens.length; at += batch, round++) {
    const part = tokens.slice(at, at + batch);
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(turn + round) % names.length];
      const before = cpu?.() ?? 0;
      const samples = await run(contenders[name], part);
      const result = results[name];
      result.cpu += (cpu?.() ?? 0) - before;
      result.tokens += part.length;
      result.samples.push(...samples);
    }
  }
  return Object.fromEntries(names.map((name) => [name, summary(results[name], cpu !== undefined)]));
}

/** Verified claims are what a contender is for: one that does not hand them over has not done the work. */
function read({ sub, exp, bare }) {
  if (!bare && !(typeof sub === "string" && typeof exp === "number")) throw new Error("no verified claims");
}

function summary({ samples, cpu, tokens }, counted) {
  samples.sort((a, b) => a - b);
  const at = (share) => samples[Math.floor((samples.length - 1) * share)];
  return { min: samples[0], p10: at(0.1), median: at(0.5), samples: samples.length, ...(counted && { cpu: cpu / tokens }) };
}
