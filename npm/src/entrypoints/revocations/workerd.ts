// Cloudflare Workers: a module that is imported comes compiled.
import module from "./sentinel.wasm";
import { open } from "../../revocations/open.js";

export * from "../../revocations/index.js";
export const { openRevocations, createRevocationFeed } = open(() => module, { shared: false });
