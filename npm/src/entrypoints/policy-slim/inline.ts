// The module's bytes are in this file: for Node, Deno, Bun and bundlers.
import bytes from "sentinel:inline";
import { openEngine } from "../../policy/open.js";

export * from "../../policy/index.js";
export const { createPolicyEngine } = openEngine(() => new WebAssembly.Module(bytes()));
