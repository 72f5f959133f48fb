import * as full from "sentinel-edge/bundle";
import * as follow from "sentinel-edge/bundle/follow";
import * as slim from "sentinel-edge/bundle/slim";
import * as revocations from "sentinel-edge/revocations";
import { createSliceDecider } from "sentinel-edge/client/slice";
import { checkBeside, checkBundle } from "../check-bundle.mjs";

export default {
  async fetch(request) {
    const { bundle } = await request.json();
    return Response.json({ full: await checkBundle(full, bundle), slim: await checkBundle(slim, bundle), slice: typeof createSliceDecider, beside: await checkBeside(revocations, follow) });
  },
};
