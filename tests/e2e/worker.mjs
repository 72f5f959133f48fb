import { judge } from "./judge.mjs";

export default {
  async fetch(request) {
    return Response.json(await judge(await request.json()));
  },
};
