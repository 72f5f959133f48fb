import type { ErrorCode } from "../codes.js";
import { SentinelError } from "../errors.js";

/** An answer that is none of 2xx, of the user's own service or of the server. Published as `scripts/types.mjs` has it. */
export class RequestError extends SentinelError {
  readonly status: number;
  readonly response: Response;

  /** @internal */
  constructor(response: Response) {
    const { status } = response;
    super(codeOf(status), `the answer is ${status}`);
    this.status = status;
    this.response = response;
  }
}

function codeOf(status: number): ErrorCode {
  if (status === 401) return "login_required";
  return status === 429 || status >= 500 ? "unavailable" : "request_refused";
}

export const loginRefused = (why: string): SentinelError => new SentinelError("login_refused", why);
export const loginRequired = (why: string): SentinelError => new SentinelError("login_required", why);

/** Whether asking again later may help. */
export const isPassing = (error: unknown): error is SentinelError =>
  error instanceof SentinelError && error.code === "unavailable";
