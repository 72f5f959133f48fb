// The Worker as it is deployed, in Cloudflare's own runtime; and key endpoints on loopback.
import { build } from "esbuild";
import { Miniflare, Response } from "miniflare";
import { createServer } from "node:http";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

// Neither asks anyone's server anything.
Object.assign(process.env, { WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" });

const entry = fileURLToPath(new URL("../worker.mjs", import.meta.url));
let bundle;

async function modules() {
  bundle ??= build({
    entryPoints: [entry],
    outdir: "/out",
    bundle: true,
    format: "esm",
    target: "es2022",
    external: ["cloudflare:*"],
    loader: { ".wasm": "copy" },
    outExtension: { ".js": ".mjs" },
    write: false,
    logLevel: "error",
  });
  const files = (await bundle).outputFiles.map(({ path, contents }) => ({ path: basename(path), contents }));
  // Miniflare starts with the first.
  return [".mjs", ".wasm"].flatMap((kind) =>
    files.filter(({ path }) => path.endsWith(kind)).map((file) => ({ type: kind === ".mjs" ? "ESModule" : "CompiledWasm", ...file })),
  );
}

async function worker(t, bindings, options) {
  const worker = new Miniflare({ modules: await modules(), bindings, compatibilityDate: "2026-04-01", cf: false, ...options });
  t.after(() => worker.dispose());
  await worker.ready;
  return worker;
}

/** Starts the Worker as a gateway; `t` stops it. What it writes goes to `log`, where there is one. */
export async function gateway(t, bindings, { log, ...options } = {}) {
  const given = Object.fromEntries(Object.entries(bindings).filter(([, value]) => value !== undefined));
  const handleRuntimeStdio = (...streams) => streams.forEach((stream) => stream.on("data", (text) => log?.push(text.toString())));
  const started = await worker(t, given, { ...options, handleRuntimeStdio });
  return {
    fetch: (url, init) => started.dispatchFetch(url, init),
    kv: (name) => started.getKVNamespace(name),
    cache: async (name) => (await started.getCaches()).open(name),
    /** Miniflare's caches take its own responses. */
    put: (cache, url, body) => cache.put(url, new Response(body, { headers: { "cache-control": "max-age=300" } })),
  };
}

/** Starts the Worker as a decision point; `t` stops it. */
export async function start(t, bindings, kv) {
  const started = await worker(t, bindings, kv && { kvNamespaces: ["SENTINEL_KV"] });
  if (kv) {
    const namespace = await started.getKVNamespace("SENTINEL_KV");
    for (const [name, value] of Object.entries(kv)) await namespace.put(name, value);
  }
  return async (token, { path = "/", method = "GET", headers = {} } = {}) => {
    const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await started.dispatchFetch(`http://worker.test${path}`, { method, headers: { ...authorization, ...headers } });
    const body = await response.json();
    return { status: response.status, headers: response.headers, body, why: body?.code ?? body?.reason };
  };
}

/** A key endpoint that counts how often it is asked; `t` stops it. */
export async function endpoint(t, answer) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    answer(request, response);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  t.after(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${server.address().port}/jwks`, asked };
}
