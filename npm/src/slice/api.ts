// The public types of `sentinel-edge/client/slice`, as they are published.
import type { Bundle, KnownNamespace, KnownStorage, OpenBundleOptions } from "../bundle/api.js";
import type { Decider, Question } from "../client/api.js";

export interface SliceOptions {
  /** The server: https, or http on this machine. Default: the client's. */
  readonly sentinelUrl?: string | URL;
  /** Who signs (`iss`). Default: the server's address. */
  readonly issuer?: string;
  /** The allow-list of algorithms. Default: asymmetric, of current strength. */
  readonly algorithms?: OpenBundleOptions["algorithms"];
  /**
   * The service that registered the objects which are asked about: `note:7` is then its resource
   * `resource:SERVICE/note/7`. What the workspace's own model names is asked with `about`.
   */
  readonly service?: string;
  /** What is asked of the slice instead: a relation and an object, or an action and null. */
  readonly about?: (question: Question) => { readonly relation: string; readonly object: string | null };
  /**
   * Who answers where the slice has no answer (`undecided`), or cannot be had in time (`bundle_stale`, `unavailable`). `"deny"`
   * is a no. Default: a no as well, and `useDecision` shows why.
   */
  readonly fallback?: "deny" | Decider;
  /** Where it is remembered what was seen: `localStorage` refuses older slices also after the page was loaded anew. */
  readonly store?: KnownStorage | KnownNamespace;
  /** `openBundle` of `sentinel-edge/bundle`, where the workspace's model has conditions. Default: that of `/bundle/slim`. */
  readonly openBundle?: (options: OpenBundleOptions) => Promise<Bundle>;
  /** How often is looked without events, in milliseconds: 30,000. */
  readonly interval?: number;
  /** Told of what went wrong on the way. It is tried again anyway. */
  readonly onError?: (error: unknown) => void;
}

/** Answers from a slice of the policy: what decides about the user, signed and kept current. */
export interface SliceDecider extends Decider {
  decide(question: Question): Promise<boolean>;
  subscribe(listener: () => void): () => void;
  /** Ends following, and forgets the slice. */
  close(): void;
}
