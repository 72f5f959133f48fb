// What `sentinel-edge/bundle/follow` exports.
import { openBundle } from "sentinel:own-bundle";
import type { FollowedBundle, FollowedBundleOptions } from "../bundle/api.js";
import { follow } from "./followed.js";

export { SentinelError } from "../errors.js";
export const followBundle = (options: FollowedBundleOptions): FollowedBundle => follow(options, openBundle);
