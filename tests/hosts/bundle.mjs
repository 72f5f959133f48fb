// A script for a page, bundled as a front end would be.
import { build } from "esbuild";

/** Of a module's text, which finds its packages from the folder `from`; `alias` puts one package in another's place. */
export async function bundle(code, from, { alias = {}, loader = "js" } = {}) {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: from, loader },
    bundle: true,
    write: false,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"development"' },
    alias,
    // A linked package finds what it imports where the page does.
    preserveSymlinks: true,
    logLevel: "error",
  });
  return outputFiles[0].text;
}
