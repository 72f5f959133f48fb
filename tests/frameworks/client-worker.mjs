// A client of the server in a Worker.
import { createPermissionsClient } from "sentinel-edge/server";

export default {
  async fetch(request, env) {
    const permissions = createPermissionsClient(env.CLIENT);
    const { token, object } = await request.json();
    return Response.json(await Promise.all(["view", "edit"].map((action) => permissions.can(token, action, object))));
  },
};
