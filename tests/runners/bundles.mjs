// Bundles step by step, asked of the published entries. Runs anywhere.

/** What a damaged bundle may be refused with: its bytes, its time, or a key that is not there. */
const DAMAGED = ["bundle_invalid", "bundle_stale", "key_not_found"];

class Unexpected extends Error {}

/** Judges an item by both entries; answers how many steps were taken, and throws at the first wrong answer. */
export async function judgeBundle(item, entries) {
  let count = 0;
  for (const [entry, { openBundle }] of Object.entries(entries)) count += await judge(item, entry, openBundle);
  return count;
}

async function judge({ settings, now, steps }, entry, openBundle) {
  const { jwks, ...demands } = settings;
  const clock = () => now * 1000;
  let bundle, file, place;
  let count = 0;
  for (const [number, step] of steps.entries()) {
    const { expect, known, ...question } = step;
    const [[kind, what]] = Object.entries(question);
    const does = {
      open: async () => {
        const memory = known === undefined ? undefined : { getItem: (key) => ((place = key), known), setItem: () => {} };
        file = octets(what);
        // What was opened before stays open where this one is refused.
        bundle = await openBundle({ ...demands, jwks, bytes: file, clock, ...(memory ? { store: memory } : {}) });
        return true;
      },
      apply: () => bundle.apply(octets(what)),
      at: () => ((now = what), null),
      is: () => [bundle.revision, bundle.issuedAt, bundle.notAfter, bundle.state],
      place: () => place.replace(/^sentinel:bundle:/, ""),
      check: () => bundle.check(what),
      list: () => bundle.listObjects(what),
      allows: () => bundle.allows(...what),
      revoked: () => bundle.isRevoked(what),
      damage: async () => {
        count += await damaged(bundle, file, what);
        return null;
      },
    };
    const found = await answer(does[kind]);
    const wanted = isEach(expect) ? expect[entry] : expect;
    if (JSON.stringify(found) !== JSON.stringify(wanted)) {
      throw new Unexpected(`${entry}, step ${number} (${kind}): ${JSON.stringify(found)}, must be ${JSON.stringify(wanted)}`);
    }
    count += 1;
  }
  return count;
}

const isEach = (expect) => typeof expect === "object" && expect !== null && "slim" in expect;

/** Every bit of these bytes changed, and the file cut before each of them: all of it is refused. */
async function damaged(bundle, file, [from, to]) {
  let count = 0;
  const refuses = async (bytes, how) => {
    const found = await answer(() => bundle.apply(bytes));
    if (!DAMAGED.includes(found)) throw new Unexpected(`${how}: ${JSON.stringify(found)}`);
    count += 1;
  };
  for (let at = from; at < to; at += 1) {
    for (let bit = 0; bit < 8; bit += 1) {
      const changed = file.slice();
      changed[at] ^= 1 << bit;
      await refuses(changed, `bit ${bit} of byte ${at}`);
    }
    await refuses(file.slice(0, at), `cut to ${at} bytes`);
  }
  return count;
}

/** The answer, or the error's code. An error that is not ours is a bug and reaches the report. */
async function answer(ask) {
  try {
    return await ask();
  } catch (error) {
    if (error?.name !== "SentinelError") throw error;
    return error.code;
  }
}

const octets = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
