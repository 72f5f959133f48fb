// The public types that `sentinel-edge/workers` and `sentinel-edge/server` share, as they are published.
import type { DecideOptions, DecidingBundle, Decision, Identity, TokenPair, VerifiedPair, VerifiedToken, Verifier } from "../api.js";

/** How requests are judged. */
export interface GuardOptions {
  /** Of `createVerifier`, or for two tokens a request of `createTokenPair`. Its rules say what each route asks for. */
  readonly verifier: Verifier | TokenPair;
  /** Whether `verifier` is for two tokens. Default false. */
  readonly pair?: boolean;
  /**
   * Whether a token may also come in a cookie: `sentinel_access_token`, and `sentinel_authz_token` for the second one of a
   * pair. Such a request changes something only where a page of this site sent it. Default true.
   */
  readonly cookies?: boolean;
  /**
   * Answers rules that ask for a relation, at once: a bundle's `check` does. What it throws is answered with 503. Without it
   * such rules are denied.
   */
  readonly relations?: DecideOptions["relations"];
  /**
   * Of `followBundle`: answers rules that ask for a relation, and for an action where the token carries none, and refuses
   * tokens that were taken back. What it cannot tell is answered with 503.
   */
  readonly bundle?: DecidingBundle;
}

/** Who sent a request, and why it was let through. */
export interface SentinelContext {
  /** Null on a public route to which nobody came with a token that holds. */
  readonly identity: Identity | null;
  /** What was verified: a token, or with `pair` two. */
  readonly verified: VerifiedToken | VerifiedPair | null;
  readonly decision: Decision;
}
