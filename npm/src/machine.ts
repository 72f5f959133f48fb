import type { SentinelError } from "./errors.js";

/** What every module with one engine or holder in it exports. */
export interface Base {
  memory: WebAssembly.Memory;
  input(capacity: number): number;
  record(): number;
}

/** The first answer of every module: why is in its record. */
const REFUSED = 0;
const INPUT_BYTES = 4 * 1024;
/** Half of a pair without the other half: UTF-8 has no form for it, and two such texts must not become one. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * An instance of a module: texts go into its input, what it tells is at the places that its record names.
 *
 * INVARIANT: an exception out of the module means that its memory may be in any state. It is a refusal, and the instance is
 * never called again. (The build shortens names that begin with `_`.)
 */
export abstract class Machine<E extends Base> {
  protected _exports: E | undefined;
  protected _input = new Uint8Array();
  protected _record = new Uint32Array();
  #capacity = 0;
  readonly #words: number;

  constructor(module: WebAssembly.Module, words: number, begin?: (exports: E) => void) {
    this.#words = words;
    try {
      this._exports = new WebAssembly.Instance(module, {}).exports as unknown as E;
      begin?.(this._exports);
      this._reserve(INPUT_BYTES);
    } catch (cause) {
      this.close();
      throw this._failed("the WebAssembly module could not be started", cause);
    }
  }

  get memoryBytes(): number {
    return this._exports?.memory.buffer.byteLength ?? 0;
  }

  /** Nothing is answered from now on. */
  close(): void {
    this._exports = undefined;
    this._input = new Uint8Array();
    this._record = new Uint32Array();
  }

  /** Why the module has refused. */
  protected abstract _refusal(): SentinelError;

  /** Nothing can be answered. */
  protected abstract _failed(message: string, cause?: unknown): SentinelError;

  /** It was handed what it does not take. */
  protected abstract _misused(message: string): SentinelError;

  /** Hands over a text. What the module refuses is thrown. */
  send(text: string, call: (exports: E, length: number) => number): number {
    if (LONE_SURROGATE.test(text)) throw this._misused("the text has half a surrogate pair");
    this._reserve(text.length * 3);
    const { written } = encoder.encodeInto(text, this._input);
    return this._call((exports) => call(exports, written));
  }

  /** Calls the module. Whatever goes wrong in there refuses, and ends the instance. */
  protected _call(ask: (exports: E) => number): number {
    const exports = this._exports;
    if (exports === undefined) throw this._failed("it is closed, or has failed before: make another");
    let status: number;
    try {
      status = ask(exports);
      this._refresh();
    } catch (cause) {
      throw this._ended(cause);
    }
    if (status === REFUSED) throw this._refusal();
    return status;
  }

  /** INVARIANT: whatever came out of a call as an exception ends the instance. */
  protected _ended(cause: unknown): SentinelError {
    this.close();
    return this._failed("the WebAssembly module failed", cause);
  }

  /** Makes room for an input of this many bytes, if there is less. */
  protected _reserve(capacity: number): void {
    if (capacity > this.#capacity) {
      let start = 0;
      this._call((exports) => {
        start = exports.input(capacity);
        return 1;
      });
      if (start === 0) throw this._misused("the input is too long");
      this.#capacity = capacity;
      this._input = new Uint8Array();
    }
    this._refresh();
  }

  /** When the memory grows, views of it are left with a length of 0. */
  protected _refresh(): void {
    const exports = this._exports;
    if (this._input.length !== 0 || exports === undefined || this.#capacity === 0) return;
    const { buffer } = exports.memory;
    this._input = new Uint8Array(buffer, exports.input(this.#capacity), this.#capacity);
    this._record = new Uint32Array(buffer, exports.record(), this.#words);
  }

  /** A view of the bytes whose address and length stand in the record: valid until the next call. */
  protected _bytes(word: number): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this._record.buffer as ArrayBuffer, this._record[word]!, this._record[word + 1]!);
  }

  protected _text(word: number): string {
    return decoder.decode(this._bytes(word));
  }
}

/**
 * Writes a text that is taken for ASCII, and gives all bits of its units: above 0x7f it is not. By hand that takes less time
 * than `encodeInto` takes to begin.
 */
export function write(input: Uint8Array, text: string, start: number): number {
  const { length } = text;
  let units = 0;
  for (let index = 0; index < length; index += 1) {
    const unit = text.charCodeAt(index);
    units |= unit;
    input[start + index] = unit;
  }
  return units;
}
