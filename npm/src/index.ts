// What every entry point exports, beside its `createVerifier`.
export { SentinelError } from "./errors.js";
export { createTokenPair } from "./pair.js";
export { ANY } from "./setup.js";
