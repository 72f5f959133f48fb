// Browsers without a bundler, and bundlers that should keep the module in its own file.
import { compile } from "../../compile.js";
import { openAsync } from "../../policy/models.js";

export * from "../../policy/index.js";
export const { createPolicyEngine, validateModel, formatModel, modelToJson } = openAsync(() => compile(new URL("./sentinel.wasm", import.meta.url)));
