const policy = require("sentinel-edge/policy");
const slim = require("sentinel-edge/policy/slim");

import("../check-policy.mjs").then(async ({ checkPolicy, DSL, JSON_MODEL }) =>
  console.log(JSON.stringify({ full: await checkPolicy(policy, DSL), slim: await checkPolicy(slim, JSON_MODEL) })),
);
