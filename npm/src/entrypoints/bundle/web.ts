// Browsers without a bundler, and bundlers that should keep the module in its own file.
import { compile } from "../../compile.js";
import { open } from "../../bundle/open.js";

export * from "../../bundle/index.js";
export const openBundle = open(() => compile(new URL("./sentinel.wasm", import.meta.url)), { shared: true });
