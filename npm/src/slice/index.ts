// What `sentinel-edge/client/slice` exports.
import { openBundle } from "sentinel:bundle";
import type { SentinelClient } from "../client/api.js";
import type * as api from "./api.js";
import { SliceDecider } from "./slice.js";

export const createSliceDecider = (client: SentinelClient, options: api.SliceOptions = {}): api.SliceDecider =>
  new SliceDecider(client, options, openBundle);
