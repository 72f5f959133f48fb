// Next's edge runtime: its bundler compiles what is imported with `?module`.
import module from "./sentinel.wasm?module";
import { open } from "../open.js";

export * from "../index.js";
export const createVerifier = open(() => module, { shared: false });
