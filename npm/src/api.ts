// The public types, as they are published: `scripts/types.mjs` makes `dist/index.d.ts` of this file, `codes.ts` and
// `errors.ts`.
import type { Algorithm, Reason } from "./codes.js";

/** Says that a check is left out: `issuer: ANY`. */
export declare const ANY: unique symbol;

/** One value, any of several, or explicitly no check. */
export type Expected = string | readonly string[] | typeof ANY;

/** What a verifier demands of a token, and what its claims then mean. An option with another name is refused. */
export interface VerifierSettings {
  /** `iss`: who must have issued the token. */
  readonly issuer: Expected;
  /** `aud`: whom it must be for. */
  readonly audience: Expected;
  /** The allow-list. Default: RS256, PS256, ES256, ES384, EdDSA and Ed25519; with `secret` HS256. */
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
  /** How an identity is read from the claims. Default `sentinel`. Where it is given, a token without one is refused. */
  readonly profile?: ClaimsProfile;
  /** Roles from the lowest to the highest. Default: the profile's. */
  readonly roleOrder?: readonly string[];
  /** What `decide` answers by. Without any, it denies everything. */
  readonly rules?: readonly Rule[];
  /** Only these workspaces, by id, on every route that is not public. */
  readonly allowedWorkspaces?: readonly string[];
  /**
   * Asked about every token that is otherwise accepted, each time: `true` refuses it (`token_revoked`). An answer that
   * is neither `true` nor `false`, and an exception, refuse it too (`unavailable`). A promise is for `verify` alone.
   */
  readonly revoked?: (token: VerifiedToken) => boolean | Promise<boolean>;
  /** How many verified tokens are kept, so that the same one is not verified again: 0 to 4096. Default 512. */
  readonly cache?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
}

/** Keys that are at hand: exactly one of these. */
export type KeySource =
  | {
      /** A JWK Set (RFC 7517 §5), as an object or as JSON. Secrets in it are skipped. */
      readonly jwks: JsonWebKeySet | string;
    }
  | {
      /** A PEM `PUBLIC KEY`. It fits a token whatever `kid` that names. */
      readonly pem: string;
    }
  | {
      /**
       * A shared secret, at least as long as the hash: the explicit choice of HS256 or the one of HS384 and HS512 that
       * `algorithms` names.
       */
      readonly secret: Uint8Array;
    };

/** Keys that are fetched, kept, and fetched again when that is due. */
export interface RemoteKeySource {
  /** Where the JWK Set is published: https, or http on loopback. */
  readonly jwksUrl: string | URL;
  readonly jwksOptions?: RemoteOptions;
}

/** How a JWK Set is fetched. Every time is in milliseconds. */
export interface RemoteOptions {
  /** Longest wait for the whole answer. Default 5 s. */
  readonly timeout?: number;
  /** Longest time that keys are kept in use after they should have been fetched again. Default 24 h. */
  readonly staleFor?: number;
  /** The `fetch` to use. Default: the global one. */
  readonly fetch?: typeof fetch;
}

export type VerifierOptions = VerifierSettings & (KeySource | RemoteKeySource);

/** A JWK Set (RFC 7517 §5). */
export interface JsonWebKeySet {
  readonly keys: readonly (JsonWebKey & { readonly kid?: string })[];
}

/** What the claims of a token mean: a known dialect, or where each part of an identity is, as paths of members. */
export type ClaimsProfile =
  | "sentinel"
  | "convergence"
  | "tenant"
  | "oidc"
  | "rfc9068"
  | {
      readonly [field in
        | "userId"
        | "username"
        | "email"
        | "emailVerified"
        | "name"
        | "givenName"
        | "familyName"
        | "workspaceId"
        | "workspaceSlug"
        | "organizationId"
        | "organizationSlug"
        | "role"
        | "groups"
        | "actions"]?: string | readonly string[];
    };

/** `method` and `path`, and what they ask for. The most specific rule decides; what no rule names is denied. */
export interface Rule {
  /** `GET`, several, or `*`. */
  readonly method: string | readonly string[];
  /** `/docs/:id`, `/admin/**`. */
  readonly path: string;
  readonly allow: Allow;
  /** Only for these workspaces, by id. */
  readonly workspaces?: readonly string[];
}

/** What a route asks for. */
export type Allow =
  | "public"
  | "authenticated"
  | ({ readonly role: string } & Partial<AllowActions> & Partial<AllowRelation>)
  | (AllowActions & Partial<AllowRelation>)
  | AllowRelation;

export type AllowActions =
  | { readonly action: string }
  | { readonly anyAction: readonly string[] }
  | { readonly allActions: readonly string[] };

/** A relation that the caller must have: asked for where there are relations, denied (`relation_required`) where there are none. */
export interface AllowRelation {
  readonly relation: string;
  /** `note:{id}`, with the parameters of the rule's own path. */
  readonly object: string;
}

/** Verifies tokens and decides what they allow. `createVerifier` makes one. */
export interface Verifier {
  /**
   * Verifies a token: resolves to what it says, rejects with a `SentinelError` that says why it is refused.
   *
   * Fetches the keys where they come from a URL and that is due.
   */
  verify(token: string): Promise<VerifiedToken>;

  /**
   * Verifies a token at once, with the keys at hand; throws a `SentinelError` that says why it is refused. That is
   * `unavailable` before keys from a URL were fetched (await `ready()` first), and `algorithm_unavailable` where
   * neither the host nor this entry point has synchronous crypto.
   */
  verifySync(token: string): VerifiedToken;

  /**
   * Whether a request is allowed for a verified token or pair, or for nobody (`null`). A token that has expired by now
   * is nobody's; so is one whose keys were replaced since, unless the new ones verify it again without waiting.
   *
   * Rules that ask for a relation need `relations`. What that throws is thrown: there is no decision then.
   */
  decide(request: RouteRequest, verified: VerifiedToken | null, options?: DecideOptions): Decision;

  /** Resolves when there are keys to verify with; rejects while they cannot be had. */
  ready(): Promise<void>;

  /** Replaces the keys. Every token that was verified with others is forgotten. */
  updateKeys(source: KeySource): void;
}

/**
 * A token whose signature held and whose claims were accepted. Only a verifier makes one.
 *
 * Nothing in it can be changed, however deep it lies: a token that comes again may be answered with the same result,
 * and then every caller sees the same claims. Copy what is to be changed: `structuredClone(token.claims)`.
 */
export interface VerifiedToken {
  readonly claims: Claims;
  readonly header: Header;
  /** Whom the token speaks for, read by the verifier's profile. Throws where the profile finds nobody in it. */
  readonly identity: Identity;
}

/** A claims set (RFC 7519 §4). The registered claims have the right type: that was checked. */
export interface Claims {
  readonly iss?: string;
  readonly sub?: string;
  readonly aud?: string | readonly string[];
  readonly exp?: number;
  readonly nbf?: number;
  readonly iat?: number;
  readonly jti?: string;
  readonly [claim: string]: unknown;
}

/** A JOSE header (RFC 7515 §4). */
export interface Header {
  readonly alg: Algorithm;
  readonly kid?: string;
  readonly typ?: string;
  readonly [parameter: string]: unknown;
}

/** Whom a token speaks for. */
export interface Identity {
  /** Never empty. Unique only together with the issuer. */
  readonly userId: string;
  readonly username?: string;
  readonly email?: string;
  readonly emailVerified?: boolean;
  readonly name?: string;
  readonly givenName?: string;
  readonly familyName?: string;
  readonly workspaceId?: string;
  /** The workspace's name in URLs. It can change hands: decide by the id. */
  readonly workspaceSlug?: string;
  readonly organizationId?: string;
  readonly organizationSlug?: string;
  /** The subject at the identity provider, in a token pair. */
  readonly idpSubject?: string;
  readonly issuer?: string;
  readonly jwtId?: string;
  /** Seconds since the epoch. */
  readonly issuedAt?: number;
  /** The role, where the token has exactly one. */
  readonly role?: string;
  readonly roles: readonly string[];
  readonly groups: readonly string[];
  readonly actions: readonly string[];
}

/** A request, as far as a decision on a route depends on it. A `Request` of the Fetch standard is one. */
export interface RouteRequest {
  readonly method: string;
  /** An absolute URL, or what a server was asked for, e.g. `/docs/7?page=2`. */
  readonly url?: string | undefined;
  /** The path alone, still escaped; instead of `url`. */
  readonly path?: string;
}

/** What rules are answered with that ask for more than the token says. Asked up to 31 times for one request. */
export interface DecideOptions {
  /**
   * Whether the user has the relation to the object, all as in tuples: `true` or `false`, at once. A bundle's `check` says
   * so.
   */
  readonly relations?: (relation: string, object: string, user: string) => boolean;
  /** Whether the user's roles have an action, of a user whose token carries none at all. A bundle's `hasAction` says so. */
  readonly actions?: (action: string, user: string) => boolean;
}

/** Yes or no, and why. */
export interface Decision {
  readonly allow: boolean;
  readonly reason: Reason;
  /** A sentence for logs: it names the rule. */
  readonly explanation: string;
}

/**
 * The two tokens of Sentinel Auth's authz mode: who someone is, from their identity provider, and what they may do in
 * this service, from Sentinel.
 */
export interface TokenPairOptions {
  /** Accepts the identity provider's tokens: its issuer, and the audience that this application has there. */
  readonly identity: Verifier;
  /** Accepts authorization tokens: Sentinel as issuer, the audience `sentinel:authz`. Its rules and roles decide. */
  readonly authorization: Verifier;
  /** This service, as the authorization token's `svc` names it. */
  readonly service: string;
}

/** Verifies pairs. `createTokenPair` makes one. */
export interface TokenPair {
  /** Verifies both tokens and that they belong together (`idp_sub` is `sub`) and to this service (`svc`). */
  verify(identityToken: string, authorizationToken: string): Promise<VerifiedPair>;
  /** As `verify`, at once: see `Verifier.verifySync`. */
  verifySync(identityToken: string, authorizationToken: string): VerifiedPair;
  /** As `Verifier.decide`, for the bearer of both tokens. */
  decide(request: RouteRequest, verified: VerifiedPair | null, options?: DecideOptions): Decision;
}

/** Two tokens that were verified and belong together. */
export interface VerifiedPair {
  /** Id, workspace, role, groups and actions from the authorization token; e-mail and names from the other. */
  readonly identity: Identity;
  readonly identityToken: VerifiedToken;
  readonly authorizationToken: VerifiedToken;
}

/** Who decides by signed bundles: `followBundle` of `sentinel-edge/bundle` makes one. */
export interface DecidingBundle {
  decide(
    verifier: Verifier | TokenPair,
    request: RouteRequest,
    verified: VerifiedToken | VerifiedPair | null,
    later?: (work: Promise<unknown>) => void,
  ): Promise<Decision>;
}
