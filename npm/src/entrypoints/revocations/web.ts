// Browsers without a bundler, and bundlers that should keep the module in its own file.
import { compile } from "../../compile.js";
import { open } from "../../revocations/open.js";

export * from "../../revocations/index.js";
export const { openRevocations, createRevocationFeed } = open(() => compile(new URL("./sentinel.wasm", import.meta.url)), { shared: true });
