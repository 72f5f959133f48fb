// The Worker that runs in workerd.
import * as testing from "../../npm/dist-test/testing.js";
import full from "../../npm/dist-test/full.wasm";
import slim from "../../npm/dist-test/slim.wasm";
import * as entry from "../../npm/dist/workerd.js";
import * as slimEntry from "../../npm/dist/slim/workerd.js";
import * as bundleEntry from "../../npm/dist/bundle/workerd.js";
import * as bundleSlimEntry from "../../npm/dist/bundle/slim/workerd.js";
import * as policyEntry from "../../npm/dist/policy/workerd.js";
import * as policySlimEntry from "../../npm/dist/policy/slim/workerd.js";
import { judge } from "./judge.mjs";
import { waysOf } from "./ways.mjs";

let runtime;

export default {
  async fetch(request) {
    // Not at start-up: a Worker may not ask for random bytes there.
    runtime ??= waysOf(
      testing,
      { full, slim },
      { full: entry, slim: slimEntry },
      { full: policyEntry, slim: policySlimEntry },
      { full: bundleEntry, slim: bundleSlimEntry },
    );
    const outcomes = [];
    for (const item of await request.json()) outcomes.push(await judge(item, runtime));
    return Response.json(outcomes);
  },
};
