// What `sentinel-edge/workers` exports.
export type * from "../service/api.js";
export type * from "./api.js";
export { SentinelError } from "../errors.js";
export { sentinelFetch, sentinelHono } from "./fetch.js";
