import * as policy from "sentinel-edge/policy";
import * as slim from "sentinel-edge/policy/slim";
import { checkPolicy, DSL, JSON_MODEL } from "../check-policy.mjs";

console.log(JSON.stringify({ full: await checkPolicy(policy, DSL), slim: await checkPolicy(slim, JSON_MODEL) }));
