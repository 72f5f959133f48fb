// Browsers without a bundler, and bundlers that should keep the module in its own file.
import { compile } from "../../compile.js";
import { openEngineAsync } from "../../policy/open.js";

export * from "../../policy/index.js";
export const { createPolicyEngine } = openEngineAsync(() => compile(new URL("./sentinel.wasm", import.meta.url)));
