// What the entry points of `/slim` export, beside their `createVerifier`.
export { SentinelError } from "./errors.js";
export { ANY } from "./setup.js";
