// The module's bytes are in this file: for Node, Deno, Bun and bundlers.
import bytes from "sentinel:inline";
import { open } from "../../revocations/open.js";

export * from "../../revocations/index.js";
export const { openRevocations, createRevocationFeed } = open(() => WebAssembly.compile(bytes()), { shared: true });
