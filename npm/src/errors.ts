import type { ErrorCode } from "./codes.js";

/**
 * Why a token was refused, or why a question could not be answered.
 *
 * `code` is the contract: a closed list of stable names. `message` is prose and
 * may change. Neither ever holds a part of a token, a key or a secret.
 */
export class SentinelError extends Error {
  override readonly name = "SentinelError";
  /** The stable code, e.g. `token_expired`. */
  readonly code: ErrorCode;
  /** The claim that the error is about, where it is about one. */
  readonly claim: string | undefined;

  /** @internal */
  constructor(code: ErrorCode, message: string, claim?: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.claim = claim;
  }

  toJSON(): { code: ErrorCode; message: string; claim?: string } {
    const { code, message, claim } = this;
    return claim === undefined ? { code, message } : { code, message, claim };
  }
}

/** Something needed could not be had: a refusal, never an acceptance. */
export function unavailable(message: string, cause?: unknown): SentinelError {
  return new SentinelError("unavailable", message, undefined, cause === undefined ? undefined : { cause });
}

export function misconfigured(message: string): SentinelError {
  return new SentinelError("configuration_invalid", message);
}

/** By its name: the class of another entry point's errors is another one. */
export function codeOf(error: unknown): string | undefined {
  const { name, code } = (error ?? {}) as { readonly name?: unknown; readonly code?: unknown };
  return name === "SentinelError" && typeof code === "string" ? code : undefined;
}
