import type { ErrorCode } from "../codes.js";
import { SentinelError } from "../errors.js";
import type { ModelMistake } from "./api.js";

/** Why an engine could not be made, or a question could not be answered. */
export class PolicyError extends SentinelError {
  /** What OpenFGA's API calls it, where it has a code for this: `validation_error`, `type_not_found`, … */
  readonly openfgaCode: string | undefined;
  /** What is wrong with a model (`model_invalid`). */
  readonly mistakes: readonly ModelMistake[];

  /** @internal */
  constructor(
    code: ErrorCode,
    message: string,
    openfgaCode?: string,
    mistakes: readonly ModelMistake[] = [],
    options?: ErrorOptions,
  ) {
    super(code, message, undefined, options);
    this.openfgaCode = openfgaCode;
    this.mistakes = mistakes;
  }
}

export function misused(message: string): PolicyError {
  return new PolicyError("configuration_invalid", message, "validation_error");
}

export function failed(message: string, cause?: unknown): PolicyError {
  return new PolicyError("unavailable", message, undefined, [], cause === undefined ? undefined : { cause });
}
