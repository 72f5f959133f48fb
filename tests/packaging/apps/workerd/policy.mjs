import * as policy from "sentinel-edge/policy";
import * as slim from "sentinel-edge/policy/slim";
import { checkPolicy, DSL, JSON_MODEL } from "../check-policy.mjs";

export default {
  async fetch() {
    return Response.json({ full: await checkPolicy(policy, DSL), slim: await checkPolicy(slim, JSON_MODEL) });
  },
};
