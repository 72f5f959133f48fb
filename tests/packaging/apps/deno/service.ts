import * as sentinel from "sentinel-edge";
import { sentinelFetch } from "sentinel-edge/workers";
import { asked, hello, optionsOf } from "../service.mjs";

const input = JSON.parse(Deno.env.get("CASE"));
const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, sentinelFetch(optionsOf(sentinel, input), hello));
console.log(JSON.stringify(await asked(`http://127.0.0.1:${server.addr.port}`, input)));
await server.shutdown();
