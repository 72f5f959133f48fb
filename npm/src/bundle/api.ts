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

/** What a bundle must be to be taken. */
export interface BundleDemands {
  /** Who publishes it (`iss`). */
  readonly issuer: string;
  /** For whom it is (`aud`): the service's name; of a user's slice `sentinel:slice`. */
  readonly audience: string;
  /** The id of its workspace. */
  readonly workspace: string;
  /** The service whose bundle it is; without one it is the whole workspace's. */
  readonly service?: string;
  /** The one user of a slice, as in tuples: `user:…`. */
  readonly user?: string;
  /** The allow-list. Default: asymmetric, of current strength. */
  readonly algorithms?: readonly Algorithm[];
  /** Longest bundle in bytes: 64 MiB, which is also the most. */
  readonly maxBytes?: number;
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

export type OpenBundleOptions = BundleDemands &
  BundleKeys &
  BundleOrigin & {
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
  };

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

/**
 * A signed snapshot of policy that answers without the network. `openBundle` makes one.
 *
 * Whatever cannot be answered throws a `SentinelError`: `bundle_stale` past its time or behind the revision that was asked
 * for, `undecided` about what it does not hold. An error is never an allow.
 */
export interface Bundle {
  /** Whether the user has the relation to the object. */
  check(question: BundleQuestion): boolean;
  /** The objects of a type that the user has the relation to, sorted. */
  listObjects(question: BundleListQuestion): readonly string[];
  /** Whether a role has an action. `null`, of a slice: whether any of its user's roles has it. */
  allows(role: string | null, action: string): boolean;
  /** Whether a token with these (verified) claims was taken back when the bundle was published. */
  isRevoked(claims: RevocableClaims): boolean;
  /** Fetches what changed, or all of it where that is needed. Resolves to whether anything is another than before. */
  refresh(): Promise<boolean>;
  /** Takes a bundle or a delta that came another way. Whatever is refused, what is held answers as before. */
  apply(bytes: Uint8Array | ArrayBuffer): Promise<boolean>;
  /** Follows the server's events, and renews in time. Returns how to end that. */
  follow(options?: FollowOptions): () => void;
  /** Called after every change, and when the bundle has ended without another one. Returns how to end that. */
  subscribe(listener: () => void): () => void;
  /** The store's revision that is held. */
  readonly revision: number;
  /** Names the state that is held. */
  readonly state: string;
  /** When it was published, in milliseconds since the epoch. */
  readonly issuedAt: number;
  /** From when on it answers nothing, in milliseconds since the epoch. */
  readonly notAfter: number;
  /** What its memory takes, in bytes. */
  readonly memoryBytes: number;
  /** Ends following, and answers nothing from now on. */
  close(): void;
}
