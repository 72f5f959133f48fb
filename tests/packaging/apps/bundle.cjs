const full = require("sentinel-edge/bundle");
const slim = require("sentinel-edge/bundle/slim");
const { createSliceDecider } = require("sentinel-edge/client/slice");

const { bundle } = JSON.parse(process.env.CASE);
import("./check-bundle.mjs").then(async ({ checkBundle }) =>
  console.log(JSON.stringify({ full: await checkBundle(full, bundle), slim: await checkBundle(slim, bundle), slice: typeof createSliceDecider })),
);
