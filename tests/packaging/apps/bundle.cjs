const full = require("sentinel-edge/bundle");
const follow = require("sentinel-edge/bundle/follow");
const slim = require("sentinel-edge/bundle/slim");
const revocations = require("sentinel-edge/revocations");
const { createSliceDecider } = require("sentinel-edge/client/slice");

const { bundle } = JSON.parse(process.env.CASE);
import("./check-bundle.mjs").then(async ({ checkBeside, checkBundle }) =>
  console.log(JSON.stringify({ full: await checkBundle(full, bundle), slim: await checkBundle(slim, bundle), slice: typeof createSliceDecider, beside: await checkBeside(revocations, follow) })),
);
