// Next's edge runtime: its bundler compiles what is imported with `?module`.
import module from "./sentinel.wasm?module";
import { open } from "../../policy/models.js";

export * from "../../policy/index.js";
export const { createPolicyEngine, validateModel, formatModel, modelToJson } = open(() => module);
