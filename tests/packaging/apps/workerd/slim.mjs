import * as sentinel from "sentinel-edge/slim";
import { check } from "../check.mjs";

export default {
  async fetch(request) {
    return Response.json(await check(sentinel, await request.json()));
  },
};
