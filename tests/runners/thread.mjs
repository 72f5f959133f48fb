import { readFileSync } from "node:fs";
import { parentPort } from "node:worker_threads";
import { judge } from "./judge.mjs";
import { waysOf } from "./ways.mjs";

const npm = new URL("../../npm/", import.meta.url);
const compiled = (variant) => new WebAssembly.Module(readFileSync(new URL(`dist-test/${variant}.wasm`, npm)));
const entry = (path) => import(new URL(`dist/${path}`, npm));

const runtime = waysOf(
  await import(new URL("dist-test/testing.js", npm)),
  { full: compiled("full"), slim: compiled("slim") },
  { full: await entry("inline.js"), slim: await entry("slim/inline.js") },
  { full: await entry("policy/inline.js"), slim: await entry("policy/slim/inline.js") },
  { full: await entry("bundle/inline.js"), slim: await entry("bundle/slim/inline.js") },
);
parentPort.on("message", async (items) => {
  const outcomes = [];
  for (const item of items) outcomes.push(await judge(item, runtime));
  parentPort.postMessage(outcomes);
});
parentPort.postMessage("ready");
