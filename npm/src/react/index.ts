// What `sentinel-edge/react` exports.
export type * from "./api.js";
export { LoginCallback, WorkspaceSelector } from "./callback.js";
export { SentinelProvider, useCan, useDecision, useHasAction, useHasRole, useSentinel, useUser } from "./context.js";
export { Guard } from "./guard.js";
export { PinBanner } from "./pin.js";
