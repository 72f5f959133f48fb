import * as sentinel from "sentinel-edge";
import { sentinelFetch } from "sentinel-edge/workers";
import { hello, optionsOf } from "../service.mjs";

export default { fetch: sentinelFetch((env) => optionsOf(sentinel, env.CASE), hello) };
