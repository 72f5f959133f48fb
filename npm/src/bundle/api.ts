import type { Decision, RouteRequest, TokenPair, VerifiedPair, VerifiedToken, Verifier } from "../api.js";
import type { Algorithm } from "../codes.js";
import type { TupleKey } from "../policy/api.js";

// The public types of `/bundle`, as they are published.

/** A JWK Set (RFC 7517 §5). */
export interface BundleKeySet {
  readonly keys: ReadonlyArray<object>;
}

/** Where it is remembered what was seen, so that no older bundle is taken later: `localStorage` has these … */
export interface KnownStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
}

/** … and a KV namespace of Cloudflare these. */
export interface KnownNamespace {
  get(key: string): Promise<string | null>;
  put(key: string, value: string): Promise<unknown>;
}

/** Headers of requests, or what makes them anew for each. */
export type BundleHeaders =
  | Readonly<Record<string, string>>
  | (() => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>);

/** What bundles of every kind must be to be taken. */
export interface RevocationDemands {
  /** Who publishes it (`iss`). */
  readonly issuer: string;
  /** For whom it is (`aud`): the service's name; of a user's slice `sentinel:slice`. */
  readonly audience: string;
  /** The id of its workspace. */
  readonly workspace: string;
  /** The allow-list. Default: asymmetric, of current strength. */
  readonly algorithms?: readonly Algorithm[];
  /** Longest bundle in bytes: 64 MiB, which is also the most. */
  readonly maxBytes?: number;
}

/** What a bundle must be to be taken. */
export interface BundleDemands extends RevocationDemands {
  /** The service whose bundle it is; without one it is the whole workspace's. */
  readonly service?: string;
  /** The one user of a slice, as in tuples: `user:…`. */
  readonly user?: string;
  /** Longest chain of tuples from an object to a user: 25. Beyond it there is no answer (`budget_exceeded`). */
  readonly maxDepth?: number;
  /** Most steps of one question: 10,000,000. Beyond it there is no answer (`budget_exceeded`). */
  readonly maxWork?: number;
}

/** The keys of who signs. */
export type BundleKeys =
  | { readonly jwks: BundleKeySet | string; readonly jwksUrl?: undefined }
  | { readonly jwksUrl: string | URL; readonly jwks?: undefined };

/** Where the bundle is: at a URL, or at hand. */
export type BundleOrigin =
  | { readonly url: string | URL; readonly bytes?: undefined }
  | { readonly bytes: Uint8Array | ArrayBuffer; readonly url?: undefined };

/** How it is fetched, and what is remembered. */
export interface BundleAccess {
  /** Headers of the requests for bundles and events, e.g. `{ "x-service-key": … }`. */
  readonly headers?: BundleHeaders;
  /** The `fetch` for bundles and events. Default: the global one. */
  readonly fetch?: typeof fetch;
  /** The `fetch` for keys. Default: the global one. */
  readonly keysFetch?: typeof fetch;
  /** Longest wait for an answer, in milliseconds: 10,000. */
  readonly timeout?: number;
  /** Where it is remembered what was seen. Without it an older bundle is taken after a restart, until its own end. */
  readonly store?: KnownStorage | KnownNamespace;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
}

export type OpenBundleOptions = BundleDemands & BundleKeys & BundleOrigin & BundleAccess;

/** What is known for one question only. */
export interface BundleContext {
  /** Tuples that hold for this question. A slice knows only those that it was made with, and is `undecided` about others. */
  readonly contextualTuples?: readonly TupleKey[];
  /** Values for the parameters of conditions. */
  readonly context?: object;
  /** The revision that the answer must not be older than; otherwise `bundle_stale`. */
  readonly atLeast?: number;
}

export interface BundleQuestion extends BundleContext {
  /** `user:anne` */
  readonly user: string;
  readonly relation: string;
  /** `document:1` */
  readonly object: string;
}

export interface BundleListQuestion extends BundleContext {
  readonly user: string;
  readonly relation: string;
  /** The objects' type: `document` */
  readonly type: string;
}

/** What revocations look at in a verified token's claims. */
export interface RevocableClaims {
  readonly jti?: unknown;
  readonly sid?: unknown;
  readonly sub?: unknown;
  readonly wid?: unknown;
  readonly iat?: unknown;
}

export interface FollowOptions {
  /** Where changes are told. Default: beside the bundle, where its URL is one of Sentinel's server. `null`: nowhere. */
  readonly eventsUrl?: string | URL | null;
  /** Whether of all tabs of this site one listens, and tells the others. Default false. */
  readonly tabs?: boolean;
  /** How often is looked without events, in milliseconds: 30,000. */
  readonly interval?: number;
  /** Told of what went wrong on the way. It is tried again anyway. */
  readonly onError?: (error: unknown) => void;
}

/** What every bundle is, whatever it answers. */
export interface HeldBundle {
  /** Whether a token with these (verified) claims was taken back when the bundle was published. */
  isRevoked(claims: RevocableClaims): boolean;
  /** As `isRevoked`, when it was published: what was taken back then stays so, also after the bundle's end. */
  wasRevoked(claims: RevocableClaims): boolean;
  /** Fetches what changed, or all of it where that is needed. Resolves to whether anything is another than before. */
  refresh(): Promise<boolean>;
  /** Takes a bundle or a delta that came another way. Whatever is refused, what is held answers as before. */
  apply(bytes: Uint8Array | ArrayBuffer): Promise<boolean>;
  /** Follows the server's events, and renews in time. Returns how to end that. */
  follow(options?: FollowOptions): () => void;
  /** Called after every change, and when the bundle has ended without another one. Returns how to end that. */
  subscribe(listener: () => void): () => void;
  /** The store's revision that is held; of revocations alone their own number. */
  readonly revision: number;
  /** Names the state that is held. */
  readonly state: string;
  /** When it was published, in milliseconds since the epoch. */
  readonly issuedAt: number;
  /** From when on it answers nothing, in milliseconds since the epoch. */
  readonly notAfter: number;
  /** When the server was asked last and it was current, in milliseconds since the epoch. */
  readonly heardAt: number;
  /** What its memory takes, in bytes. */
  readonly memoryBytes: number;
  /** Ends following, and answers nothing from now on. */
  close(): void;
}

/**
 * A signed snapshot of policy that answers without the network. `openBundle` makes one.
 *
 * Whatever cannot be answered throws a `SentinelError`: `bundle_stale` past its time or behind the revision that was asked
 * for, `undecided` about what it does not hold. An error is never an allow.
 */
export interface Bundle extends HeldBundle {
  /** Whether the user has the relation to the object. */
  check(question: BundleQuestion): boolean;
  /** The objects of a type that the user has the relation to, sorted. */
  listObjects(question: BundleListQuestion): readonly string[];
  /** Whether a role has an action. `null`, of a slice: whether any of its user's roles has it. */
  allows(role: string | null, action: string): boolean;
  /** Whether the roles of a user, `user:anne`, have an action; `undecided` where the bundle does not say who has which. */
  hasAction(user: string, action: string): boolean;
}

/** Ends what is done for a request only after its answer, as `waitUntil` of Workers and of Next. */
export type Later = (work: Promise<unknown>) => void;

/** Which bundles are followed, and how. */
export interface FollowedBundleOptions extends Omit<BundleAccess, "headers"> {
  /** The server: https, or http on this machine. */
  readonly sentinelUrl: string | URL;
  /** This service: its bundles are held, of each workspace in which somebody asks. */
  readonly serviceName: string;
  /** Its key, which opens the workspaces' bundles. */
  readonly serviceKey: string;
  /** Only of these workspaces, by id: whoever comes from another has no relation and no action here. Default: of all. */
  readonly workspaces?: readonly string[];
  /** The issuer of tokens and bundles. Default: `sentinelUrl`. */
  readonly issuer?: string;
  /** Default: the server's. */
  readonly jwksUrl?: string | URL;
  /** The allow-list. Default: asymmetric, of current strength. */
  readonly algorithms?: readonly Algorithm[];
  /** Longest bundle in bytes: 64 MiB, which is also the most. */
  readonly maxBytes?: number;
  /** No request is answered by what is older than this, in milliseconds, while the server answers: 5,000. */
  readonly maxAge?: number;
  /** What becomes of a relation that the bundle cannot tell: an error (default), or a question to the server. */
  readonly undecided?: "deny" | "ask";
  /** Where is asked: AuthZEN's `…/access/v1/evaluation` or OpenFGA's `…/check`. Default: of the store that the key is bound to. */
  readonly askUrl?: string | URL;
  /** Under which name the service's resources are registered. Default: `serviceName`. */
  readonly scope?: string;
  /** For `can`: types of the workspace's own model, which are no resources that the service registered. */
  readonly ownTypes?: readonly string[];
  /** How bundles are opened. Default: that of `/bundle`, with conditions. */
  readonly openBundle?: (options: OpenBundleOptions) => Promise<Bundle>;
  /** Told why a bundle could not be had or renewed. */
  readonly onError?: (error: unknown) => void;
}

/** Whether somebody whose token was verified has a relation to an object. */
export interface CanQuestion {
  /** Of the token. */
  readonly issuer: string;
  readonly userId: string;
  readonly workspaceId: string;
  readonly relation: string;
  /** `note:7`: the resource that the service registered. What has a type of the workspace is asked about as it is. */
  readonly object: string;
}

/**
 * The bundles of a service: fetched when they are first needed, renewed behind the requests, one holder in a process for
 * equal options. Every front door of this package takes one as `bundle`.
 */
export interface FollowedBundle {
  /**
   * As the verifier's `decide`, with relations, and actions where the token carries none, from the bundle. Rejects where that
   * cannot be told, and with `token_revoked` where the bundle says so: nothing may be allowed then.
   */
  decide(
    verifier: Verifier | TokenPair,
    request: RouteRequest,
    verified: VerifiedToken | VerifiedPair | null,
    later?: Later,
  ): Promise<Decision>;
  /** Whether a user has a relation to an object. Rejects where it cannot be told. */
  can(question: CanQuestion, later?: Later): Promise<boolean>;
  /** The bundle of a workspace, as new as it has to be. */
  of(workspace: string, later?: Later): Promise<Bundle>;
  /** Ends it for everyone in this process, and forgets what is held. */
  close(): void;
}

/** What the entry points export. */
export interface BundleFunctions {
  /** Fetches a bundle, or takes one that is at hand: resolves once it can be asked, rejects with a `SentinelError`. */
  openBundle(options: OpenBundleOptions): Promise<Bundle>;
}
