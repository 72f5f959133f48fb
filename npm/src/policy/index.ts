// What every entry point of `/policy` exports, beside what it needs its module for.
export { SentinelError } from "../errors.js";
export { PolicyError } from "./errors.js";
