// What every entry point of `/bundle` exports, beside what it needs its module for.
export { SentinelError } from "../errors.js";
