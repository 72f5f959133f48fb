// Next's edge runtime: its bundler compiles what is imported with `?module`.
import module from "./sentinel.wasm?module";
import { open } from "../../revocations/open.js";

export * from "../../revocations/index.js";
export const { openRevocations, createRevocationFeed } = open(() => module, { shared: false });
