// Cloudflare Workers: a module that is imported comes compiled.
import module from "./sentinel.wasm";
import { open } from "../../policy/models.js";

export * from "../../policy/index.js";
export const { createPolicyEngine, validateModel, formatModel, modelToJson } = open(() => module);
