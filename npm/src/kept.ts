import { type Reader, VerifiedToken } from "./token.js";

/** What a text may weigh on average: half of `ENTRY_BYTES` in `core/src/cache.rs`, which counts it twice. */
const TEXT_BYTES = 1024;

/**
 * Results of tokens that come again, by their places in the module's cache: what is in them is read once, and shared.
 *
 * INVARIANT: nothing in here decides. A result is given for its very own text alone, which the module has just recalled;
 * where another token has taken the place since, or there was no room, it is made anew.
 */
export class Kept {
  readonly #reader: Reader;
  readonly #most: number;
  #results: VerifiedToken[] = [];
  #bytes = 0;

  constructor(reader: Reader, entries: number) {
    this.#reader = reader;
    this.#most = entries * TEXT_BYTES;
  }

  /** The result for a text that was recalled from this place. `copy` gives the same text in a string of its own. */
  at(place: number, text: string, copy: () => string): VerifiedToken {
    const known = this.#results[place]?.textFor(this.#reader);
    if (known === text) return this.#results[place]!;
    // What was verified is ASCII.
    this.#bytes += text.length - (known?.length ?? 0);
    if (this.#bytes > this.#most) {
      this.#results = [];
      this.#bytes = text.length;
    }
    // The text that was asked about may be a slice, which keeps a whole request alive.
    return (this.#results[place] = new VerifiedToken(copy(), this.#reader));
  }

  clear(): void {
    this.#results = [];
    this.#bytes = 0;
  }
}
