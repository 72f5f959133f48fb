// What a request costs at the gateway: with the answers in a bundle, with the server asked for each, and next to a Worker with `jose`.
import { createServer } from "node:http";
import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { startSentinel } from "../../e2e/sentinel.mjs";
import { root } from "../../hosts/install.mjs";
import { material } from "../tokens.mjs";
import { connections, loop, spread } from "./requests.mjs";
import { cpuOf, memoryOf, start } from "./workerd.mjs";

const RULES = [
  { method: "GET", path: "/open/:id", allow: "authenticated" },
  { method: "GET", path: "/documents/:id", allow: { relation: "can_read", object: "document:{id}" } },
];
const ALGORITHMS = ["RS256", "ES256", "EdDSA"];
const WIDTH = 8;

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const gateway = join(root, "edge-worker", "worker.mjs");

async function listen(use, answer) {
  const server = createServer(answer);
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  use(server, () => new Promise((done) => (server.closeAllConnections(), server.close(done))));
  return `http://127.0.0.1:${server.address().port}`;
}

/** Our server with the same model and tuples, and a key that may ask it. */
async function server(use, folder, tuples) {
  const server = use(await startSentinel({ RATE_LIMIT_ENABLED: "false" }));
  const { id } = await server.cli("store", "create", "notes");
  await server.cli("model", "write", join(folder, "model.fga"), "--store", id);
  await server.cli("tuples", "import", tuples, "--store", id);
  const { key } = await server.cli("service", "create", "gateway", "--policy", `store:${id}`);
  return { ask: `${server.url}/stores/${id}/access/v1/evaluation`, key };
}

export async function decisions({ stores, folder, file, plan, use, progress }) {
  const { issuer, audience, workspace, jwks, sizes } = stores;
  const { questions } = sizes.find(({ count }) => count === plan.decided);
  const bundle = await readFile(file(plan.decided, "full"));
  const path = `/bundles/v1/workspaces/${workspace}`;
  const files = await listen(use, ({ url }, response) => {
    const known = new URL(url, "http://localhost").pathname === path;
    response.writeHead(known ? 200 : 404, { "content-type": "application/vnd.sentinel.bundle" }).end(known ? bundle : undefined);
  });
  const origin = await listen(use, (request, response) => (request.resume(), response.end("{}")));
  progress("starts a server with the same tuples");
  const { ask, key } = await server(use, folder, file(plan.decided, "jsonl"));

  const results = {};
  for (const algorithm of ALGORITHMS) {
    const asked = (at) => questions[at % questions.length];
    const { jwk, tokens, ...tokensOf } = material(algorithm, plan.tokens, (at) => ({ iss: issuer, sub: asked(at)[2].slice("user:".length), wid: workspace }));
    // One key set: the gateway believes its tokens' issuer, and the bundle's.
    const config = { issuer, audience: tokensOf.audience, algorithms: [...new Set([algorithm, "ES256"])], rules: RULES };
    const settings = { origin, service: "notes", log: "none" };
    const gatewayWith = (more) => ({
      entry: gateway,
      bindings: {
        SENTINEL_CONFIG: JSON.stringify(config),
        SENTINEL_JWKS: JSON.stringify({ keys: [jwk, ...jwks.keys] }),
        SENTINEL_GATEWAY: JSON.stringify({ ...settings, ...more }),
        SENTINEL_GATEWAY_KEY: "a key for a benchmark, of 32 octets or more",
        SENTINEL_SERVICE_KEY: key,
      },
    });
    // A runtime alone has no cache.
    const held = { issuer, audience, maxAge: 60, cache: false };
    const relation = (at) => `/documents/${asked(at)[0].slice("document:".length)}`;
    const lines = {
      "a Worker that decides nothing": { worker: { entry: here("empty.mjs"), bindings: { ORIGIN: origin } }, path: relation },
      "`jose`, the token alone": {
        worker: { entry: here("jose.mjs"), bindings: { ORIGIN: origin, JWKS: JSON.stringify({ keys: [jwk] }), ISSUER: issuer, AUDIENCE: tokensOf.audience, ALGORITHM: algorithm } },
        path: relation,
      },
      "the gateway, token and route": { worker: gatewayWith({}), path: (at) => `/open/${at}` },
      "the gateway, token, route and relation, from a bundle": { worker: gatewayWith({ bundle: { ...held, url: `${files}${path}` } }), path: relation },
      "the gateway, token, route and relation, from the server": { worker: gatewayWith({ bundle: { ...held, url: `${files}/none${path}` }, undecided: "ask", ask }), path: relation },
    };
    progress(`${algorithm}: ${tokens.length} tokens, ${Object.keys(lines).length} Workers in turns`);
    results[algorithm] = await inTurns(lines, tokens, plan);
  }
  return results;
}

/** Every Worker sees the same tokens once, in parts, one Worker after another; who goes first rotates. */
async function inTurns(lines, tokens, { rounds }) {
  const all = [];
  try {
    for (const [name, { worker, path }] of Object.entries(lines)) {
      const started = await start(worker);
      const line = { name, path, started, one: connections(started.port, 1), many: connections(started.port, WIDTH), samples: [], cpu: [] };
      all.push(line);
      // The first request reads keys, bundle and code.
      await loop(line.one, [{ path: path(0), token: tokens[0], status: 200 }], 1);
      line.first = performance.now() - started.started;
    }
    const part = Math.floor(tokens.length / rounds);
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < all.length; turn++) {
        const line = all[(turn + round) % all.length];
        const asked = tokens.slice(round * part, (round + 1) * part).map((token, at) => ({ token, path: line.path(round * part + at), status: 200 }));
        const half = asked.length >> 1;
        line.samples.push(...(await loop(line.one, asked.slice(0, half), 1)));
        const before = cpuOf(line.started.pid);
        await loop(line.many, asked.slice(half), WIDTH);
        line.cpu.push((cpuOf(line.started.pid) - before) / (asked.length - half));
      }
    }
    return Object.fromEntries(all.map(({ name, first, samples, cpu, started }) => [name, { first, wall: spread(samples), cpu: spread(cpu), memory: memoryOf(started.pid) }]));
  } finally {
    for (const { started, one, many } of all) {
      one.close();
      many.close();
      await started.close();
    }
  }
}
