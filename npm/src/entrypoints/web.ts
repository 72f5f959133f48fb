// Browsers without a bundler, and bundlers that should keep the module in its own file.
import { openAsync } from "../open.js";
import { compile } from "../compile.js";

export * from "../index.js";
export const createVerifier = openAsync(() => compile(new URL("./sentinel.wasm", import.meta.url)), { shared: true });
