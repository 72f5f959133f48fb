// Next's edge runtime: its bundler compiles what is imported with `?module`.
import module from "./sentinel.wasm?module";
import { open } from "../../bundle/open.js";

export * from "../../bundle/index.js";
export const openBundle = open(() => module, { shared: false });
