// Next's edge runtime: its bundler compiles what is imported with `?module`.
import module from "./sentinel.wasm?module";
import { open } from "../../policy/open.js";

export * from "../../policy/index.js";
export const { createPolicyEngine } = open(() => module);
