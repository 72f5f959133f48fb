import * as sentinel from "sentinel-edge";
import { check } from "../check.mjs";

window.check = (input) => check(sentinel, input);
