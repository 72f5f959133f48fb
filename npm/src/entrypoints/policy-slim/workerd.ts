// Cloudflare Workers: a module that is imported comes compiled.
import module from "./sentinel.wasm";
import { openEngine } from "../../policy/open.js";

export * from "../../policy/index.js";
export const { createPolicyEngine } = openEngine(() => module);
