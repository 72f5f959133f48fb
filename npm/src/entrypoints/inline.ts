// The module's bytes are in this file: for Node, Deno, Bun and bundlers.
import bytes from "sentinel:inline";
import { open } from "../open.js";

export * from "../index.js";
export const createVerifier = open(() => new WebAssembly.Module(bytes()), { shared: true });
