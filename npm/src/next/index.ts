// What `sentinel-edge/next` exports.
export type * from "./api.js";
export { SentinelError } from "../errors.js";
export { sentinelMiddleware, sentinelProxy } from "./proxy.js";
export { can, getUser, requireRole, requireUser, withAuth } from "./server.js";
