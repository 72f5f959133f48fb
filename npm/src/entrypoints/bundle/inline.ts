// The module's bytes are in this file: for Node, Deno, Bun and bundlers.
import bytes from "sentinel:inline";
import { open } from "../../bundle/open.js";

export * from "../../bundle/index.js";
export const openBundle = open(() => WebAssembly.compile(bytes()), { shared: true });
