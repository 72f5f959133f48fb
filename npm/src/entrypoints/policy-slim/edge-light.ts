// Next's edge runtime: its bundler compiles what is imported with `?module`.
import module from "./sentinel.wasm?module";
import { openEngine } from "../../policy/open.js";

export * from "../../policy/index.js";
export const { createPolicyEngine } = openEngine(() => module);
