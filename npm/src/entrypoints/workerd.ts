// Cloudflare Workers: a module that is imported comes compiled.
import module from "./sentinel.wasm";
import { open } from "../open.js";

export * from "../index.js";
export const createVerifier = open(() => module, { shared: false });
