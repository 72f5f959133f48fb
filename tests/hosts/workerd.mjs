// Cloudflare's own runtime, under miniflare. A Worker is bundled as wrangler would: by the `workerd` condition, `.wasm` as a compiled module.
import { build } from "esbuild";
import { Miniflare } from "miniflare";
import { isBuiltin } from "node:module";
import { basename } from "node:path";

// Neither asks anyone's server anything.
Object.assign(process.env, { WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" });

/** workerd has Node's modules under their full names, and for `import` only; CommonJS packages ask by `require("crypto")`. */
const builtins = {
  name: "builtins",
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z_/]+$/ }, ({ path, kind }) => {
      if (!isBuiltin(path)) return;
      const name = `node:${path.replace(/^node:/, "")}`;
      return kind === "require-call" ? { path: name, namespace: "builtin" } : { path: name, external: true };
    });
    build.onLoad({ filter: /./, namespace: "builtin" }, ({ path }) => ({ contents: `import all from "${path}";\nmodule.exports = all;` }));
  },
};

/** `more` are miniflare's own options. @param {{ entry: string, flags?: string[], bindings?: Record<string, unknown>, more?: object }} worker */
export async function startWorkerd({ entry, flags = ["nodejs_compat"], bindings = {}, more = {} }) {
  const { outputFiles } = await build({
    entryPoints: [entry],
    outdir: "/out",
    bundle: true,
    format: "esm",
    target: "es2022",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*"],
    loader: { ".wasm": "copy" },
    outExtension: { ".js": ".mjs" },
    plugins: [builtins],
    write: false,
    logLevel: "error",
  });
  const modules = outputFiles
    .map(({ path, contents }) => ({ type: path.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path: basename(path), contents }))
    .sort((a, b) => a.type.localeCompare(b.type))
    .reverse();
  const worker = new Miniflare({ modules, bindings, compatibilityDate: "2026-04-01", compatibilityFlags: flags, cf: false, ...more });
  const url = await worker.ready;
  return {
    /** Where it listens, for requests that fetch would not send as they are. */
    url,
    fetch: (path, init) => worker.dispatchFetch(`http://worker.test${path}`, init),
    close: () => worker.dispose(),
  };
}
