// What `sentinel-edge/client` exports.
export type * from "./api.js";
export type { ErrorCode } from "../codes.js";
export { SentinelError } from "../errors.js";
export { IdpConfigs } from "./authz.js";
export { SentinelAuth, SentinelAuthz, SentinelLocal } from "./client.js";
export { createDecider } from "./decider.js";
export { RequestError } from "./errors.js";
export { safeReturnPath } from "./text.js";
