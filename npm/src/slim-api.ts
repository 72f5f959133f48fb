// The public types of `/slim`, as they are published.
import type * as all from "./api.js";

/** Tokens are verified with WebCrypto, and nothing more: policy is in `sentinel-edge`. */
export type VerifierSettings = Omit<
  all.VerifierSettings,
  "profile" | "roleOrder" | "rules" | "allowedWorkspaces" | "revoked"
> & {
  /**
   * Asked about every token that is otherwise accepted, each time: `true` refuses it (`token_revoked`). An answer that
   * is neither `true` nor `false`, and an exception, refuse it too (`unavailable`).
   */
  readonly revoked?: (token: VerifiedToken) => boolean | Promise<boolean>;
};

/** Keys that are at hand: a JWK Set, or a shared secret. */
export type KeySource = Extract<all.KeySource, { readonly jwks: unknown } | { readonly secret: unknown }>;

export type VerifierOptions = VerifierSettings & (KeySource | all.RemoteKeySource);

/** Verifies tokens. `createVerifier` makes one. */
export interface Verifier extends Pick<all.Verifier, "ready"> {
  /**
   * Verifies a token: resolves to what it says, rejects with a `SentinelError` that says why it is refused.
   *
   * Fetches the keys where they come from a URL and that is due.
   */
  verify(token: string): Promise<VerifiedToken>;

  /** Replaces the keys. Every token that was verified with others is forgotten. */
  updateKeys(source: KeySource): void;
}

/** A token whose signature held and whose claims were accepted. Only a verifier makes one. */
export type VerifiedToken = Omit<all.VerifiedToken, "identity">;
