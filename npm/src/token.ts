import type * as api from "./api.js";
import { decode } from "./base64.js";
import { misconfigured } from "./errors.js";

/** Reads the tokens of one verifier, which alone has it: nothing else makes a `VerifiedToken`. */
export class Reader {
  constructor(
    readonly _identify: (token: VerifiedToken) => api.Identity,
    /** How often the verifier's keys were replaced. */
    readonly _replaced: () => number,
  ) {}

  /** The text of a token that this verifier has verified. */
  textOf(token: unknown): string {
    const text = token instanceof VerifiedToken ? token.textFor(this) : undefined;
    if (text === undefined) throw misconfigured("this token was not verified by this verifier");
    return text;
  }

  /** Whether it was verified with the keys that the verifier has now. */
  isCurrent(token: unknown): boolean {
    return token instanceof VerifiedToken && token.isOf(this._replaced());
  }
}

const decoder = new TextDecoder();

/** JSON, frozen down to its leaves: core's limits bound how deep they lie. */
function frozen<T extends object>(json: T): T {
  for (const part of Object.values(json)) if (typeof part === "object" && part !== null) frozen(part);
  return Object.freeze(json);
}

/**
 * Reads its claims when they are first asked for.
 *
 * INVARIANT: callers who verify the same token may share one, so nothing in it can be changed.
 */
export class VerifiedToken implements api.VerifiedToken {
  // The core accepted exactly this text: strict base64url and strict JSON without duplicate members,
  // which every parser reads alike (RFC 7515 §5.2, RFC 8725 §2.4).
  readonly #text: string;
  readonly #reader: Reader;
  readonly #replaced: number;
  #claims: api.Claims | undefined;
  #header: api.Header | undefined;
  #identity: api.Identity | undefined;

  constructor(text: string, reader: Reader) {
    this.#text = text;
    this.#reader = reader;
    this.#replaced = reader._replaced();
    Object.freeze(this);
  }

  get claims(): api.Claims {
    return (this.#claims ??= this.#part(this.#text.indexOf(".") + 1) as api.Claims);
  }

  get header(): api.Header {
    return (this.#header ??= this.#part(0) as api.Header);
  }

  get identity(): api.Identity {
    return (this.#identity ??= frozen(this.#reader._identify(this)));
  }

  /** The part from here to the next dot. */
  #part(start: number): object {
    const part = this.#text.slice(start, this.#text.indexOf(".", start));
    return frozen(JSON.parse(decoder.decode(decode(part.replaceAll("-", "+").replaceAll("_", "/")))));
  }

  textFor(reader: Reader): string | undefined {
    return this.#reader === reader ? this.#text : undefined;
  }

  isOf(replaced: number): boolean {
    return this.#replaced === replaced;
  }
}
