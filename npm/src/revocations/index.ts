// What every entry point of `/revocations` exports, beside what it needs its module for.
export { SentinelError } from "../errors.js";
