const sentinel = require("sentinel-edge");

import("../check.mjs").then(async ({ check }) => console.log(JSON.stringify(await check(sentinel, JSON.parse(process.env.CASE)))));
