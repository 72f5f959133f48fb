// What is measured in each JavaScript runtime; the plan says how much of it.
import { inFlight, oneByOne, repeated } from "./measure.mjs";

const WARM_UP = 50;

/** `modules`: the contenders of this runtime. `data`: see tokens.mjs. */
export function suite(modules, data) {
  const unable = new Map();
  let chosen;

  // Made anew for each measurement: none may have seen its tokens.
  const contenders = async () => {
    const all = Object.assign({}, ...(await Promise.all(modules.map(({ make }) => make(data)))));
    for (const name of unable.keys()) delete all[name];
    return all;
  };

  return {
    /** Who takes part, and who cannot verify this algorithm in this runtime and why. We are never excused. */
    async names() {
      for (const [name, verify] of Object.entries(await contenders())) {
        try {
          await verify(data.tokens[0]);
        } catch (error) {
          if (name.startsWith("sentinel")) throw error;
          unable.set(name, error.message);
        }
      }
      return { names: Object.keys(await contenders()), unable: Object.fromEntries(unable) };
    },

    async measure({ warmUp, batch, group, width, turns, cpu }) {
      const tokens = data.tokens.slice(warmUp);
      const warmed = async () => {
        const fresh = await contenders();
        await oneByOne(fresh, data.tokens.slice(0, warmUp), { batch: warmUp });
        return fresh;
      };
      const caching = Object.entries(await contenders()).filter(([name]) => /^sentinel|, cache$/.test(name));
      return {
        oneByOne: await oneByOne(await warmed(), tokens, { batch, group, cpu }),
        inFlight: await inFlight(await warmed(), tokens, { batch, width, cpu }),
        repeated: await repeated(Object.fromEntries(caching), data.tokens[0], { batch: 2_000, turns, cpu }),
      };
    },

    /** Prepares one contender, for `alone`. */
    async ready(name) {
      chosen = (await contenders())[name];
      for (const token of data.tokens.slice(0, WARM_UP)) await chosen(token);
    },

    /** The chosen one over every other token, for a clock of CPU that only the outside can read. */
    async alone() {
      for (const token of data.tokens.slice(WARM_UP)) await chosen(token);
      return data.tokens.length - WARM_UP;
    },
  };
}
