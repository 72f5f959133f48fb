// The published declarations: our sources with their documentation, in one file for each kind of entry point.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const NOTICE = "// Made by scripts/types.mjs.\n";
const CREATE = "\nexport declare function createVerifier(options: VerifierOptions): Verifier;\n";
const CREATE_ASYNC = `
/** Loads the module with the first call. */
export declare function createVerifier(options: VerifierOptions): Promise<Verifier>;
`;
const PAIR = `
/** Binds two verifiers of one entry point into one for pairs of tokens. */
export declare function createTokenPair(options: TokenPairOptions): TokenPair;
`;

/** One file without imports: everything public is in it. */
function joined(...parts) {
  const text = parts.join("\n").replace(/^import .*;\n/gm, "").replace(/^export declare const [A-Z_]+: readonly .*\n/gm, "");
  return NOTICE + text.replace(/^export \{\};\n/gm, "").replace(/^\/\/ .*\n/gm, "").replace(/\n{3,}/g, "\n\n");
}

export async function declarations(root) {
  const out = await mkdtemp(join(tmpdir(), "sentinel-types-"));
  try {
    const tsc = new URL("node_modules/typescript/bin/tsc", root).pathname;
    const options = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", out];
    await promisify(execFile)(process.execPath, [tsc, "-p", new URL("tsconfig.json", root).pathname, ...options]);
    const read = (name) => readFile(new URL(`${name}.d.ts`, pathToFileURL(`${out}/`)), "utf8");
    const [codes, errors] = [await read("codes"), await read("errors")];
    const api = await readFile(new URL("src/api.ts", root), "utf8");
    const error = errors.slice(0, errors.indexOf("/** Something needed"));
    const index = joined(codes, error, api, PAIR, CREATE);
    const web = joined(codes, error, api, PAIR, CREATE_ASYNC);
    return { "index.d.ts": index, "index.d.cts": index, "web.d.ts": web };
  } finally {
    await rm(out, { recursive: true });
  }
}
