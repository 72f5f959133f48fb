import type { HostCrypto } from "./backends.js";
import { ERROR_CODES } from "./codes.js";
import { misconfigured, SentinelError, unavailable } from "./errors.js";

/** The module's exports: `wasm/src/exports.rs`. */
interface Exports {
  memory: WebAssembly.Memory;
  input(capacity: number): number;
  record(): number;
  seed(a: number, b: number, c: number, d: number): void;
  configure(length: number, bytes: boolean, identity: boolean, entries: number): number;
  load(handle: number, source: number, algorithm: number, length: number): number;
  flush(handle: number): number;
  key(handle: number, index: number): number;
  begin(handle: number, length: number, now: number): number;
  finish(handle: number, length: number, now: number, generation: number, holds: boolean): number;
  signature?(handle: number, algorithm: number, data: number, signature: number, ask: boolean): number;
  verify?(handle: number, length: number, now: number): number;
  /** Lengths of texts in the input: token, other token, service. */
  identity(handle: number, other: number, now: number, ...lengths: number[]): number;
  /** And method, path; then what was said of relations. */
  decide(handle: number, other: number, now: number, ...lengths: number[]): number;
}

/** The answers of the module: `wasm/src/record.rs`. */
export const enum Status {
  Refused,
  Accepted,
  SignatureNeeded,
  KeysChanged,
  Gone,
  Recalled,
  RelationNeeded,
}

/** The record's words: `wasm/src/record.rs`. Bytes take two, their address and their length. */
export const enum Word {
  Error = 0,
  Message = 1,
  Claim = 3,
  Algorithm = 5,
  Key = 6,
  SigningInput = 7,
  Signature = 8,
  Output = 10,
  Generation = 12,
  Handle = 13,
  First = 14,
  Second = 16,
  Place = 18,
  Count = 19,
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** As `Limits::token_bytes` in core, and as much again for a request; grown where more is configured. */
const INPUT_BYTES = 32 * 1024;
/** How long a failed instance is not replaced: no input can make starting instances a load. */
const REST = 1000;

/**
 * An instance of the module, shared by the verifiers of an entry point.
 *
 * INVARIANT: an exception out of the module means that its memory may be in
 * any state. It is a refusal, and the instance is never called again: `epoch`
 * counts up, and verifiers set themselves up anew in the next instance.
 */
export class Engine {
  /** Counts instances. A verifier that was set up in an earlier one has to do so again. */
  epoch = 1;
  input = new Uint8Array();
  record = new Uint32Array();
  #exports: Exports | undefined;
  #capacity = INPUT_BYTES;
  #failedAt = -Infinity;
  readonly #module: WebAssembly.Module;
  readonly #host: HostCrypto | undefined;
  /** Sentences for people, by their address: they are constants of the module. */
  readonly #sentences = new Map<number, string>();

  /** `host`: where randomness comes from without loading the host's whole WebCrypto for it, which takes milliseconds. */
  constructor(module: WebAssembly.Module, host?: HostCrypto) {
    this.#module = module;
    this.#host = host;
    this.#start();
  }

  /** Whether signatures can be verified inside the module. */
  get pure(): boolean {
    return this.#exports?.verify !== undefined;
  }

  get memoryBytes(): number {
    return this.#exports?.memory.buffer.byteLength ?? 0;
  }

  /** Replaces an instance that failed. */
  _revive(): void {
    if (this.#exports !== undefined) return;
    if (Math.abs(Date.now() - this.#failedAt) < REST) throw unavailable("the WebAssembly module failed a moment ago");
    this.#start();
  }

  /** Calls the module. Whatever goes wrong in there refuses, and ends the instance. */
  call<R>(ask: (exports: Exports) => R): R {
    if (this.#exports === undefined) throw unavailable("the WebAssembly module failed a moment ago");
    try {
      const answer = ask(this.#exports);
      // When the memory grows, views of it are left with a length of 0.
      if (this.input.length === 0) this.#view();
      return answer;
    } catch (cause) {
      this.#exports = undefined;
      this.#failedAt = Date.now();
      this.epoch += 1;
      throw unavailable("the WebAssembly module failed", cause);
    }
  }

  /** As `call`, for questions that have no other answers than yes and an error. */
  _demand(ask: (exports: Exports) => number): void {
    const status = this.call(ask);
    if (status === Status.Refused) throw this._refusal();
    if (status !== Status.Accepted) throw unavailable("the WebAssembly module gave no answer");
  }

  /** Makes room for an input of this many bytes, if there is less. */
  _reserve(capacity: number): void {
    if (capacity <= this.#capacity) return;
    if (this.call((exports) => exports.input(capacity)) === 0) {
      throw misconfigured("the input is longer than the module takes");
    }
    this.#capacity = capacity;
    this.#view();
  }

  /** Writes text to the input and gives its length in UTF-8; one past the end where it does not fit. */
  write(text: string, start = 0): number {
    const room = this.input.length - start;
    // UTF-8 has at least as many bytes as the string has units: what is hopeless is not even encoded.
    if (text.length > room) return this.input.length + 1;
    const { read, written } = encoder.encodeInto(text, start === 0 ? this.input : this.input.subarray(start));
    return read === text.length ? written : this.input.length + 1;
  }

  /** The text of this length in the input. */
  text(length: number): string {
    return decoder.decode(this.input.subarray(0, length));
  }

  _writeBytes(bytes: Uint8Array): number {
    this._reserve(bytes.length);
    this.input.set(bytes);
    return bytes.length;
  }

  /** A view of the bytes that the record points to: valid until the next call. */
  _bytes(word: Word): Uint8Array {
    return new Uint8Array(this.record.buffer, this.record[word]!, this.record[word + 1]!);
  }

  /** The text that the module wrote. */
  _output(): string {
    return decoder.decode(this._bytes(Word.Output));
  }

  /** The error that the record describes. */
  _refusal(): SentinelError {
    const code = ERROR_CODES[this.record[Word.Error]!] ?? "unavailable";
    const claim = this.record[Word.Claim + 1] === 0 ? undefined : this.#sentence(Word.Claim);
    // The small module has no sentences.
    return new SentinelError(code, SLIM ? code.replaceAll("_", " ") : this.#sentence(Word.Message), claim);
  }

  #start(): void {
    try {
      const exports = new WebAssembly.Instance(this.#module, {}).exports as unknown as Exports;
      const words = new Uint32Array(4);
      const random = (SLIM ? undefined : this.#host?.randomFillSync(words)) ?? globalThis.crypto?.getRandomValues(words);
      // Without randomness the module caches nothing.
      if (random !== undefined) exports.seed(random[0]!, random[1]!, random[2]!, random[3]!);
      exports.input(this.#capacity);
      this.#exports = exports;
      this.#view();
      this.#sentences.clear();
    } catch (cause) {
      this.#exports = undefined;
      throw unavailable("the WebAssembly module could not be started", cause);
    }
  }

  #view(): void {
    const { input, record, memory } = this.#exports!;
    const start = input(this.#capacity);
    this.input = new Uint8Array(memory.buffer, start, this.#capacity);
    this.record = new Uint32Array(memory.buffer, record(), Word.Count);
  }

  #sentence(word: Word): string {
    const start = this.record[word]!;
    let sentence = this.#sentences.get(start);
    if (sentence === undefined) {
      sentence = decoder.decode(this._bytes(word));
      this.#sentences.set(start, sentence);
    }
    return sentence;
  }
}
