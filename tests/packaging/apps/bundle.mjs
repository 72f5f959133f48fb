import * as full from "sentinel-edge/bundle";
import * as slim from "sentinel-edge/bundle/slim";
import { createSliceDecider } from "sentinel-edge/client/slice";
import { checkBundle } from "./check-bundle.mjs";

const { bundle } = JSON.parse(process.env.CASE);
console.log(JSON.stringify({ full: await checkBundle(full, bundle), slim: await checkBundle(slim, bundle), slice: typeof createSliceDecider }));
