// What `sentinel-edge/server` exports.
export type * from "../service/api.js";
export type * from "./api.js";
export { RequestError } from "../client/errors.js";
export { SentinelError } from "../errors.js";
export { createAuthZenClient } from "./authzen.js";
export { sentinelExpress, sentinelFastify, sentinelOf } from "./node.js";
export { createPermissionsClient, createRolesClient } from "./permissions.js";
export { followRevocations } from "./revocations.js";
