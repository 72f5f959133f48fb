import * as sentinel from "sentinel-edge";
import { check } from "../check.mjs";

console.log(JSON.stringify(await check(sentinel, JSON.parse(Deno.env.get("CASE")))));
