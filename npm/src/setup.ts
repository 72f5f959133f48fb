import type * as api from "./api.js";
import { type Algorithm, ALGORITHMS } from "./codes.js";
import { misconfigured } from "./errors.js";

/** The same in every copy of this package. */
export const ANY: typeof api.ANY = Symbol.for("sentinel-edge.any") as never;

/** What the module is set up with: once, as JSON that core reads and judges. */
export interface Setup {
  readonly config: string;
  readonly algorithms: readonly Algorithm[];
  /** Whether a token must name an identity to be accepted. */
  readonly identity: boolean;
  /** Whether payloads are any bytes, of which only the signature is checked. */
  readonly bytes: boolean;
  readonly cache: number;
  readonly _inputBytes: number;
}

/** Keys as the module reads them. */
export interface Keys {
  readonly source: Source;
  readonly algorithm: number;
  readonly bytes: Uint8Array;
}

/** As in `wasm/src/exports.rs`. */
export const enum Source {
  Jwks,
  JwksWithSecrets,
  Pem,
  Secret,
}

/** Asymmetric, of current strength, with one key size each (RFC 8725 §3.1, §3.2). */
const DEFAULT_ALGORITHMS: readonly Algorithm[] = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"];
const MOST_CACHED = 4096;
/** For a request beside a token: longer paths are refused by core anyway. */
const REQUEST_BYTES = 16 * 1024;
const NO_ALGORITHM = 0xff;

const encoder = new TextEncoder();

export interface TestSettings {
  bytes?: boolean;
  /** Takes secrets from key sets. */
  secrets?: boolean;
}

/** Reads the options. Core judges what they say; here only what core never sees, so that a misspelt one is refused. */
export function setupOf(options: api.VerifierOptions, test: TestSettings): Setup {
  if (typeof options !== "object" || options === null) throw misconfigured("createVerifier needs options");
  const { issuer, audience, revoked, cache = 512, clock, ...rest } = options;
  const { jwks, jwksUrl, jwksOptions, pem, secret, ...settings } = rest as Record<string, unknown>;
  if ([jwks, jwksUrl, pem, secret].filter((source) => source !== undefined).length !== 1) {
    throw misconfigured("exactly one of jwks, jwksUrl, pem and secret must be given");
  }
  if (jwksOptions !== undefined && jwksUrl === undefined) throw misconfigured("jwksOptions goes with jwksUrl");
  if (!Number.isInteger(cache) || cache < 0 || cache > MOST_CACHED) throw misconfigured("cache must be 0 to 4096");
  for (const [name, hook] of Object.entries({ revoked, clock })) {
    if (hook !== undefined && typeof hook !== "function") throw misconfigured(`${name} must be a function`);
  }
  const algorithms = options.algorithms ?? (secret === undefined ? DEFAULT_ALGORITHMS : ["HS256"]);
  const config = { ...settings, issuer: expected(issuer), audience: expected(audience), algorithms };
  if (!test.secrets && !Array.isArray(algorithms)) throw misconfigured("algorithms must be a list");
  const symmetric = algorithms.filter((algorithm) => algorithm.startsWith("HS")).length;
  const fits = secret === undefined ? symmetric === 0 || test.secrets : symmetric === 1 && algorithms.length === 1;
  if (!fits) throw misconfigured("HS256, HS384 or HS512 goes with secret, and alone");
  return {
    config: JSON.stringify(config),
    algorithms,
    identity: options.profile !== undefined,
    bytes: test.bytes ?? false,
    cache,
    _inputBytes: Math.max(Number(options.maxTokenBytes) || 0, 16 * 1024) + REQUEST_BYTES,
  };
}

/**
 * `null` is core's word for no check, and only `ANY` comes to it: JSON writes it for NaN and dates that are none, too.
 * What is neither text nor a list is left out, which core refuses.
 */
function expected(value: unknown): string | readonly string[] | null | undefined {
  if (value === ANY) return null;
  return Array.isArray(value) ? [...value] : typeof value === "string" ? value : undefined;
}

/** The keys that the options hold; `undefined` where they come from a URL. */
export function keysOf(options: object, algorithms: readonly Algorithm[], test: TestSettings): Keys | undefined {
  const { jwks, pem, secret } = options as { jwks?: unknown; pem?: unknown; secret?: unknown };
  if ([jwks, pem, secret].filter((source) => source !== undefined).length > 1) {
    throw misconfigured("exactly one of jwks, pem and secret must be given");
  }
  // The one algorithm that the key is for, where the allow-list has only one.
  const algorithm = algorithms.length === 1 ? ALGORITHMS.indexOf(algorithms[0]!) : NO_ALGORITHM;
  if (jwks !== undefined) {
    const text = typeof jwks === "string" ? jwks : JSON.stringify(jwks);
    return { source: test.secrets ? Source.JwksWithSecrets : Source.Jwks, algorithm, bytes: encoder.encode(text) };
  }
  if (!SLIM && pem !== undefined) {
    if (typeof pem !== "string") throw misconfigured("pem must be text");
    return { source: Source.Pem, algorithm, bytes: encoder.encode(pem) };
  }
  if (secret !== undefined) {
    if (!(secret instanceof Uint8Array)) throw misconfigured("secret must be a Uint8Array");
    // A copy: `slice` of a Buffer is none, and who wipes it later must not change the key to zeros.
    return { source: Source.Secret, algorithm, bytes: new Uint8Array(secret) };
  }
  return undefined;
}
