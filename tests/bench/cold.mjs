// A cold start: from before the import to the first verified claims, in a fresh process.
//   node cold.mjs CONTENDER < data      prints milliseconds
import { readFileSync } from "node:fs";

const data = JSON.parse(readFileSync(0, "utf8"));
const [name, file] = process.argv.slice(2);
const start = performance.now();
const { make } = await import(file);
const { sub } = await (await make(data))[name](data.tokens[0]);
const ms = performance.now() - start;
if (typeof sub !== "string") throw new Error("no verified claims");
console.log(ms);
