import type { Algorithm } from "./codes.js";
import type { RemoteOptions } from "./jwks.js";
import type { VerifiedToken } from "./token.js";

/** Says that a check is left out: `issuer: ANY`. */
export const ANY: unique symbol = Symbol.for("sentinel-edge.any") as never;

/** One value, any of several, or explicitly no check. */
export type Expected = string | readonly string[] | typeof ANY;

/** A JWK Set (RFC 7517 §5). */
export interface JsonWebKeySet {
  readonly keys: readonly (JsonWebKey & { readonly kid?: string })[];
}

/** What the claims of a token mean: a known dialect, or where to find each part. */
export type ClaimsProfile = "sentinel" | "convergence" | "tenant" | "oidc" | "rfc9068" | Readonly<Record<string, unknown>>;

/** What a route asks for. */
export type Allow =
  | "public"
  | "authenticated"
  | { readonly role: string; readonly action?: string; readonly anyAction?: readonly string[]; readonly allActions?: readonly string[] }
  | { readonly action: string }
  | { readonly anyAction: readonly string[] }
  | { readonly allActions: readonly string[] };

/** `method` and `path` pattern, and what they ask for. The most specific rule decides; no rule denies. */
export interface Rule {
  /** `GET`, several, or `*`. */
  readonly method: string | readonly string[];
  /** `/docs/:id`, `/admin/**`. */
  readonly path: string;
  readonly allow: Allow;
  /** Only for these workspaces, by id. */
  readonly workspaces?: readonly string[];
}

/** Where the keys come from: exactly one of these. */
export type KeySource =
  | { /** A JWK Set, as an object or as JSON. */ readonly jwks: JsonWebKeySet | string }
  | { /** A PEM `PUBLIC KEY`. It fits a token whatever `kid` that names. */ readonly pem: string }
  | {
      /**
       * A shared secret for HS256, HS384 or HS512: at least as long as the hash. The explicit choice of symmetric
       * algorithms, with exactly one of them in `algorithms` (default `HS256`).
       */
      readonly secret: Uint8Array;
    };

export interface VerifierSettings {
  /** `iss`: who must have issued the token. */
  readonly issuer: Expected;
  /** `aud`: whom it must be for. */
  readonly audience: Expected;
  /** The allow-list. Default: RS256, PS256, ES256, ES384, EdDSA, Ed25519; with `secret` HS256. */
  readonly algorithms?: readonly Algorithm[];
  /** The header's `typ`, e.g. `at+jwt` (RFC 8725 §3.11). */
  readonly type?: string;
  /** The private claim `type`, e.g. `access`. */
  readonly tokenUse?: string;
  /** Seconds by which clocks may differ: 0 to 300. Default 0. */
  readonly leeway?: number;
  /** Claims that must be present. Default `["exp"]`. */
  readonly required?: readonly string[];
  /** Most seconds since `iat`. */
  readonly maxAge?: number;
  /** Longest token in bytes. Default 16384. */
  readonly maxTokenBytes?: number;
  /** How an identity is read from the claims. Default `sentinel`; named here, tokens without one are refused. */
  readonly profile?: ClaimsProfile;
  /** Roles from the lowest to the highest. Default: the profile's. */
  readonly roleOrder?: readonly string[];
  /** What `decide` answers by. */
  readonly rules?: readonly Rule[];
  /** Only these workspaces, by id, on every route that is not public. */
  readonly allowedWorkspaces?: readonly string[];
  /**
   * Asked about every token that is otherwise accepted, also about one from the cache: `true` refuses it. Whatever is
   * neither `true` nor `false`, and an exception, refuses too. A promise is for `verify` alone.
   */
  readonly revoked?: (token: VerifiedToken) => boolean | Promise<boolean>;
  /** How many verified tokens are kept, so that the same one is not verified again: 0 to 4096. Default 512. */
  readonly cache?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
}

export type VerifierOptions = VerifierSettings &
  (KeySource | ({ /** Where the JWK Set is published: https, or http on loopback. */ readonly jwksUrl: string | URL } & JwksOptions));

export interface JwksOptions {
  /** How the JWK Set is fetched. */
  readonly jwksOptions?: RemoteOptions;
}
