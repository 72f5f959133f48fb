// Cloudflare Workers: a module that is imported comes compiled.
import module from "./sentinel.wasm";
import { open } from "../../bundle/open.js";

export * from "../../bundle/index.js";
export const openBundle = open(() => module, { shared: false });
