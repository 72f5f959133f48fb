// The module's bytes are in this file: for Node, Deno, Bun and bundlers.
import bytes from "sentinel:inline";
import { open } from "../../policy/models.js";

export * from "../../policy/index.js";
export const { createPolicyEngine, validateModel, formatModel, modelToJson } = open(() => new WebAssembly.Module(bytes()));
