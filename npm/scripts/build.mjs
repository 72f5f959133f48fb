// Makes dist/ (what is published) and dist-test/ (for our own tests) of src/ and the compiled modules.
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { build } from "esbuild";
import { frontEnds } from "./front-ends.mjs";
import { declarations } from "./types.mjs";

const root = new URL("../", import.meta.url);
const modules = new URL(process.env.SENTINEL_MODULES ?? "../target/wasm/pkg/", root);

/** An entry point for each way to load the module. */
const entries = [
  { source: "inline", out: "inline.js" },
  { source: "inline", out: "inline.cjs", format: "cjs" },
  { source: "workerd", out: "workerd.js" },
  { source: "edge-light", out: "edge-light.js" },
  { source: "web", out: "web.js" },
];

/** `sentinel:inline` gives the module's bytes. Packed they would be a fifth less, and a cold start milliseconds more. */
const inline = (module) => ({
  name: "inline",
  setup(build) {
    build.onResolve({ filter: /^sentinel:inline$/ }, ({ path }) => ({ path, namespace: "inline" }));
    build.onLoad({ filter: /./, namespace: "inline" }, async () => ({
      contents: `import { decode } from "./base64.js";
        export default () => decode("${(await readFile(module)).toString("base64")}");`,
      resolveDir: new URL("src/", root).pathname,
    }));
  },
});

/** The module's own file stays beside the entry point, and is imported from there. */
const beside = {
  name: "beside",
  setup(build) {
    build.onResolve({ filter: /\.wasm(\?module)?$/ }, ({ path }) => ({ path, external: true }));
  },
};

/** What every entry point exports is less in `/slim`. */
const exportsOf = (slim) => ({
  name: "exports",
  setup(build) {
    if (slim) build.onResolve({ filter: /^\.\.\/index\.js$/ }, () => ({ path: new URL("src/slim.ts", root).pathname }));
  },
});

async function bundle({ source, out, format = "esm" }, folder, module, { slim = false, from = "." } = {}) {
  await build({
    entryPoints: [new URL(`src/entrypoints/${from}/${source}.ts`, root).pathname],
    outfile: new URL(out, folder).pathname,
    bundle: true,
    format,
    target: "es2022",
    platform: "neutral",
    charset: "ascii",
    minify: true,
    keepNames: false,
    // What is ours alone has names that begin so, and costs nothing by them.
    mangleProps: /^_/,
    define: { SLIM: String(slim) },
    plugins: [inline(module), beside, exportsOf(slim)],
    logLevel: "warning",
  });
}

async function fresh(folder) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
}

const dist = new URL("dist/", root);
await fresh(dist);
const variants = [
  ["full", "./", {}],
  ["slim", "slim/", { slim: true }],
  ["policy", "policy/", { from: "policy" }],
  ["policy-slim", "policy/slim/", { from: "policy-slim" }],
  ["bundle", "bundle/", { from: "bundle" }],
  ["bundle-slim", "bundle/slim/", { from: "bundle" }],
  ["revocations", "revocations/", { from: "revocations" }],
];
for (const [variant, path, settings] of variants) {
  const folder = new URL(path, dist);
  const module = new URL(`${variant}.wasm`, modules);
  await mkdir(folder, { recursive: true });
  await Promise.all([
    ...entries.map((entry) => bundle(entry, folder, module, settings)),
    copyFile(module, new URL("sentinel.wasm", folder)),
  ]);
}
await frontEnds(root);
for (const [name, text] of Object.entries(await declarations(root))) await writeFile(new URL(name, dist), text);

const test = new URL("dist-test/", root);
await fresh(test);
await bundle({ source: "../testing", out: "testing.js" }, test, new URL("full.wasm", modules));
for (const [variant] of variants) {
  await copyFile(new URL(`${variant}.wasm`, modules), new URL(`${variant}.wasm`, test));
}
