import * as full from "sentinel-edge/bundle";
import * as slim from "sentinel-edge/bundle/slim";
import { createSliceDecider } from "sentinel-edge/client/slice";
import { checkBundle } from "../check-bundle.mjs";

export default {
  async fetch(request) {
    const { bundle } = await request.json();
    return Response.json({ full: await checkBundle(full, bundle), slim: await checkBundle(slim, bundle), slice: typeof createSliceDecider });
  },
};
