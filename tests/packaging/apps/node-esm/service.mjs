import { createServer } from "node:http";
import * as sentinel from "sentinel-edge";
import { sentinelExpress, sentinelOf } from "sentinel-edge/server";
import { asked, optionsOf } from "../service.mjs";

const input = JSON.parse(process.env.CASE);
const guard = sentinelExpress(optionsOf(sentinel, input));
const server = createServer((request, response) => guard(request, response, () => response.end(`hello ${sentinelOf(request).identity.userId}`)));
server.listen(0, "127.0.0.1", async () => {
  console.log(JSON.stringify(await asked(`http://127.0.0.1:${server.address().port}`, input)));
  server.closeAllConnections();
  server.close();
});
