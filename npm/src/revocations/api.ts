import type { BundleAccess, BundleKeys, BundleOrigin, HeldBundle, RevocableClaims, RevocationDemands } from "../bundle/api.js";

// The public types of `/revocations`, as they are published.

/** A bundle of revocations is always a whole workspace's. */
export type OpenRevocationsOptions = RevocationDemands & BundleKeys & BundleOrigin & BundleAccess;

/** What the server took back, answer by answer of its `GET /revocations`: `followRevocations` of `/server` reads it. */
export interface RevocationFeed {
  /** Takes in an answer; whether it was the last for now. `now` is in milliseconds since the epoch. */
  read(answer: Uint8Array, now: number): boolean;
  /** What to ask with next. */
  readonly after: string;
  readonly epoch: string | undefined;
  /** Whether a token with these (verified) claims was taken back; throws where it could not be told. */
  isRevoked(claims: RevocableClaims): boolean;
  close(): void;
}

/** What the entry points export. */
export interface RevocationFunctions {
  /**
   * As `openBundle`, for what was taken back alone, `…/workspaces/ID/revocations`: short, and good for a minute at most, so that
   * what follows it knows of a revocation long before the next bundle.
   */
  openRevocations(options: OpenRevocationsOptions): Promise<HeldBundle>;
  /** Reads the server's feed of revocations, of all workspaces. */
  createRevocationFeed(): Promise<RevocationFeed>;
}
