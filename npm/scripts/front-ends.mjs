// The entry points without a module in them: for front ends, and for services beside a verifier. Every bundler takes them as they are.
import { build } from "esbuild";

/**
 * What one of them imports of another stays an import: the client that a
 * page makes is then the one that React asks.
 */
const ENTRIES = [
  { name: "client" },
  { name: "react", directive: "use client" },
  { name: "next" },
  { name: "slice" },
  { name: "slice", out: "slice-web", loads: "web" },
  { name: "workers" },
  { name: "server" },
  { name: "follow" },
];

async function script(root, { name, out = name, directive, loads = "inline" }, format) {
  const end = format === "cjs" ? "cjs" : "js";
  await build({
    entryPoints: [new URL(`src/${name}/index.ts`, root).pathname],
    outfile: new URL(`dist/${out}.${end}`, root).pathname,
    bundle: true,
    format,
    target: "es2022",
    platform: "neutral",
    charset: "ascii",
    minify: true,
    keepNames: false,
    ...(directive ? { banner: { js: JSON.stringify(directive) + ";" } } : {}),
    plugins: [others(end, loads)],
    logLevel: "warning",
  });
}

const others = (end, loads) => ({
  name: "others",
  setup(build) {
    build.onResolve({ filter: /^(react|next\/(server|headers)\.js)$/ }, ({ path }) => ({ path, external: true }));
    build.onResolve({ filter: /^sentinel:bundle$/ }, () => ({ path: `./bundle/slim/${loads}.${loads === "web" ? "js" : end}`, external: true }));
    // By its public name, so that every host finds the one that it can load.
    build.onResolve({ filter: /^sentinel:own-/ }, ({ path }) => ({ path: path.replace("sentinel:own-", "sentinel-edge/"), external: true }));
    build.onResolve({ filter: /^\.\.\/client\/index\.js$/ }, () => ({ path: `./client.${end}`, external: true }));
  },
});

/** Fills `dist/` with them. */
export const frontEnds = (root) =>
  Promise.all(ENTRIES.flatMap((entry) => (entry.loads === "web" ? ["esm"] : ["esm", "cjs"]).map((format) => script(root, entry, format))));
