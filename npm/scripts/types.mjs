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

const policy = (names, from) => names.map((name) => `\nexport declare const ${name}: ${from}["${name}"];\n`).join("");
const POLICY = ["createPolicyEngine", "validateModel", "formatModel", "modelToJson"];

/** Our sources in one file: everything public is in it, and it imports nothing. */
function joined(...parts) {
  return tidy(parts.join("\n").replace(/^import .*;\n/gm, ""));
}

/** Without what only our sources need. */
function tidy(text) {
  const public_ = text.replace(/^export declare const (ERROR_CODES|REASONS|ALGORITHMS): .*\n/gm, "");
  return (NOTICE + public_.replace(/^export \{\};\n/gm, "").replace(/^\/\/ .*\n/gm, "")).replace(/\n{3,}/g, "\n\n");
}

/** `/slim` has the same types but for what it leaves out. */
function slim(api, from, create) {
  const text = api.replace('"./api.js"', `"${from}"`);
  return tidy(`${text}
export { ANY, SentinelError } from "${from}";
export type {
  Algorithm,
  Claims,
  ErrorCode,
  Expected,
  Header,
  JsonWebKeySet,
  RemoteKeySource,
  RemoteOptions,
} from "${from}";
${create}`);
}

export async function declarations(root) {
  const out = await mkdtemp(join(tmpdir(), "sentinel-types-"));
  try {
    const tsc = new URL("node_modules/typescript/bin/tsc", root).pathname;
    const options = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", out];
    await promisify(execFile)(process.execPath, [tsc, "-p", new URL("tsconfig.json", root).pathname, ...options]);
    const read = (name) => readFile(new URL(`${name}.d.ts`, pathToFileURL(`${out}/`)), "utf8");
    const [codes, errors] = [await read("codes"), await read("errors")];
    const [api, slimApi] = await Promise.all(["api", "slim-api"].map((name) => readFile(new URL(`src/${name}.ts`, root), "utf8")));
    const error = errors.slice(0, errors.indexOf("/** Something needed"));
    const index = joined(codes, error, api, PAIR, CREATE);
    const policyError = (await read("policy/errors")).replace(/^export declare function .*\n/gm, "");
    const policyApi = await readFile(new URL("src/policy/api.ts", root), "utf8");
    const errorCode = codes.slice(0, codes.indexOf("export declare const"));
    const policies = (names, from) => joined(errorCode, error, policyError, policyApi, policy(names, from));
    return {
      "index.d.ts": index,
      "index.d.cts": index,
      "web.d.ts": joined(codes, error, api, PAIR, CREATE_ASYNC),
      "slim.d.ts": slim(slimApi, "./index.js", CREATE),
      "slim.d.cts": slim(slimApi, "./index.cjs", CREATE),
      "policy.d.ts": policies(POLICY, "PolicyFunctions"),
      "policy.d.cts": policies(POLICY, "PolicyFunctions"),
      "policy-web.d.ts": policies(POLICY, "AsyncPolicyFunctions"),
      "policy-slim.d.ts": policies(POLICY.slice(0, 2), "PolicyFunctions"),
      "policy-slim.d.cts": policies(POLICY.slice(0, 2), "PolicyFunctions"),
      "policy-slim-web.d.ts": policies(POLICY.slice(0, 2), "AsyncPolicyFunctions"),
      "slim-web.d.ts": slim(slimApi, "./index.js", CREATE_ASYNC),
    };
  } finally {
    await rm(out, { recursive: true });
  }
}
