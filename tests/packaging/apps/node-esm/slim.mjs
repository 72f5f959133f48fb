import * as sentinel from "sentinel-edge/slim";
import { check } from "../check.mjs";

console.log(JSON.stringify(await check(sentinel, JSON.parse(process.env.CASE))));
