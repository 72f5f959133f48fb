import * as sentinel from "sentinel-edge";
import { sentinelFetch } from "sentinel-edge/workers";
import { asked, hello, optionsOf } from "../service.mjs";

const input = JSON.parse(process.env.CASE);
const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: sentinelFetch(optionsOf(sentinel, input), hello) });
console.log(JSON.stringify(await asked(server.url.origin, input)));
await server.stop(true);
