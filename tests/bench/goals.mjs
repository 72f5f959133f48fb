// What was promised of the verifier, against what was measured. Ratios of p10, of whole tokens; less is better.

const JOSE = { RS256: 0.3, HS256: 0.3, ES256: 0.45, EdDSA: 0.45 };
const PURE = { RS256: 3.2, ES256: 2.5, EdDSA: 1.3 };
/** Next to the raw signature no library can be much faster than another: this much above it is enough. */
const MARGIN_US = 8;

/** `MOST_MEMORY` in wasm/build.rs. */
const MEMORY_CAP_KIB = 32 * 1024;

const OURS = "sentinel, verifySync";
const OURS_AWAITED = "sentinel, verify";
const PURE_WASM = "sentinel, pure WASM";

export function goals({ runtimes: { node, workerd, chromium, native }, cold, hostile }) {
  const list = [];
  const goal = (what, reached, limit, unit = "x") => reached !== undefined && list.push({ what, reached, limit, unit, met: reached <= limit });
  for (const alg of Object.keys(JOSE)) {
    if (node?.[alg]) {
      const { oneByOne: one, inFlight, repeated } = node[alg];
      for (const [measure, name] of [["p10", "wall"], ["cpu", "CPU"]]) {
        const limit = Math.max(0.9 * one["fast-jwt"][measure], one["node:crypto"][measure] + MARGIN_US);
        goal(`Node, ${alg}, ${name}: 0.9 of fast-jwt, or ${MARGIN_US} us above raw node:crypto`, one[OURS][measure], limit, "us");
        goal(`Node, ${alg}, ${name}: of jose`, one[OURS][measure] / one.jose[measure], JOSE[alg]);
      }
      goal(`Node, ${alg}, 64 in flight: of jose`, inFlight[OURS_AWAITED].p10 / inFlight.jose.p10, 1);
      goal(`Node, ${alg}, a repeated token: of fast-jwt's cache`, repeated[OURS].p10 / repeated["fast-jwt, cache"].p10, 0.2);
      if (PURE[alg]) goal(`Node, ${alg}, pure WASM: of raw node:crypto`, one[PURE_WASM].p10 / one["node:crypto"].p10, PURE[alg]);
    }
    if (workerd?.[alg]) goal(`workerd, ${alg}, awaited: of jose`, of(workerd[alg], OURS_AWAITED), 0.9);
    if (chromium?.[alg]) {
      goal(`Chromium, ${alg}, awaited: of jose`, of(chromium[alg], OURS_AWAITED), 1);
      if (PURE[alg]) goal(`Chromium, ${alg}, synchronous in pure WASM: of jose, awaited`, of(chromium[alg], OURS), 1);
    }
  }
  if (native) {
    const { oneByOne } = native.RS256;
    goal("natively, RS256: of raw ring", oneByOne["sentinel-core (ring)"].p10 / oneByOne["ring, raw"].p10, 1.3);
  }
  if (cold) goal("Node, RS256: cold import and first verification", cold["sentinel-edge"].median, 10, "ms");
  if (hostile) {
    for (const [name, { median }] of Object.entries(hostile.refusals)) goal(`Node, refusing: ${name}`, median, 1_000, "us");
    const { after, again } = hostile.memory;
    goal("Node: WASM memory after hostile input", again / 1024, MEMORY_CAP_KIB, "KiB");
    goal("Node: WASM memory, growth when it comes again", (again - after) / 1024, 0, "KiB");
  }
  return list;
}

const of = ({ oneByOne }, name) => oneByOne[name].p10 / oneByOne.jose.p10;
