const { createServer } = require("node:http");
const sentinel = require("sentinel-edge");
const { sentinelExpress, sentinelOf } = require("sentinel-edge/server");

import("../service.mjs").then(({ asked, optionsOf }) => {
  const input = JSON.parse(process.env.CASE);
  const guard = sentinelExpress(optionsOf(sentinel, input));
  const server = createServer((request, response) => guard(request, response, () => response.end(`hello ${sentinelOf(request).identity.userId}`)));
  server.listen(0, "127.0.0.1", async () => {
    console.log(JSON.stringify(await asked(`http://127.0.0.1:${server.address().port}`, input)));
    server.closeAllConnections();
    server.close();
  });
});
