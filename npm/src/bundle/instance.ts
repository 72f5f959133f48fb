import type { KeyMaterial } from "../backends.js";
import { type Algorithm, ALGORITHMS, ERROR_CODES } from "../codes.js";
import { misconfigured, SentinelError, unavailable } from "../errors.js";

/** The module's exports: `wasm/bundle/src/exports.rs`. */
interface Exports {
  memory: WebAssembly.Memory;
  input(capacity: number): number;
  frame(length: number): number;
  record(): number;
  configure(length: number): number;
  keys(length: number): number;
  key(index: number): number;
  remember(length: number): number;
  begin(): number;
  finish(now: number, holds: boolean): number;
  check(object: number, relation: number, user: number, now: number, atLeast: number): number;
  question(kind: number, length: number, now: number, atLeast: number): number;
}

/** The answers of the module, and the record's words: `wasm/bundle/src/record.rs`. Bytes take two: address and length. */
export const enum Status {
  Refused,
  Done,
  No,
  Yes,
  SignatureNeeded,
}

const enum Word {
  Error = 0,
  Message = 1,
  Output = 3,
  Algorithm = 5,
  Key = 6,
  SigningInput = 7,
  Signature = 9,
  First = 11,
  Second = 13,
  Count = 15,
}

/** The questions: `wasm/bundle/src/question.rs`. */
export const enum Kind {
  Check,
  ListObjects,
  Allows,
  Revoked,
}

/** What is held: `Holder::describe`. */
export interface Held {
  readonly revision: number;
  readonly issuedAt: number;
  readonly notAfter: number;
  readonly state: string;
  /** What is to be remembered. */
  readonly known: string;
  /** Whether anything is another than before. */
  readonly changed: boolean;
}

/** One question to the host's cryptography, in memory of its own. */
export interface Challenge {
  readonly key: number;
  readonly algorithm: Algorithm;
  readonly data: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const INPUT_BYTES = 4 * 1024;
/** Half of a pair without the other half: UTF-8 has no form for it, and two such texts must not become one. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/**
 * An instance of the module: one holder of a bundle.
 *
 * INVARIANT: an exception out of the module means that its memory may be in any state. It is a refusal, and the instance is
 * never called again.
 */
export class Instance {
  #input = new Uint8Array();
  #record = new Uint32Array();
  #exports: Exports | undefined;
  #capacity = 0;
  /** Counts key sets: what was asked about an earlier one is worth nothing. */
  generation = 0;

  constructor(module: WebAssembly.Module) {
    try {
      this.#exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
      this.#grow(INPUT_BYTES);
    } catch (cause) {
      this.#exports = undefined;
      throw unavailable("the WebAssembly module could not be started", cause);
    }
  }

  get memoryBytes(): number {
    return this.#exports?.memory.buffer.byteLength ?? 0;
  }

  /** Nothing is answered from now on. */
  close(): void {
    this.#exports = undefined;
    this.#input = new Uint8Array();
    this.#record = new Uint32Array();
  }

  /** Takes the demands, and gives the place of what is known. */
  configure(demands: object): string {
    this.#send(JSON.stringify(demands), (exports, length) => exports.configure(length));
    return this.#text(Word.Output);
  }

  keys(document: Uint8Array): void {
    if (document.length > this.#capacity) this.#grow(document.length);
    this.#refresh();
    this.#input.set(document);
    this.generation += 1;
    this.#call((exports) => exports.keys(document.length));
  }

  material(index: number): KeyMaterial {
    this.#call((exports) => exports.key(index));
    return { first: this.#bytes(Word.First).slice(), second: this.#bytes(Word.Second).slice() };
  }

  remember(known: string): void {
    this.#send(known, (exports, length) => exports.remember(length));
  }

  /** Everything up to the manifest's signature. */
  begin(frame: Uint8Array): Challenge {
    let start = 0;
    this.#call((exports) => {
      start = exports.frame(frame.length);
      return Status.Done;
    });
    if (start === 0) throw new SentinelError("bundle_invalid", "the bundle is longer than the module takes");
    new Uint8Array(this.#alive.memory.buffer, start, frame.length).set(frame);
    this.#call((exports) => exports.begin());
    return {
      key: this.#record[Word.Key]!,
      algorithm: ALGORITHMS[this.#record[Word.Algorithm]!]!,
      data: this.#bytes(Word.SigningInput).slice(),
      signature: this.#bytes(Word.Signature).slice(),
    };
  }

  /** Everything after it. INVARIANT: `begin` was the last call, about this very bundle and with these keys. */
  finish(now: number, holds: boolean): Held {
    this.#call((exports) => exports.finish(now, holds));
    const [revision, issuedAt, notAfter, state, known, changed] = this.#text(Word.Output).split(" ") as [
      ...[string, string, string, string, string, string],
    ];
    return {
      revision: Number(revision),
      issuedAt: Number(issuedAt) * 1000,
      notAfter: Number(notAfter) * 1000,
      state,
      known,
      changed: changed === "1",
    };
  }

  /** The hot path: three short texts, and yes or no. */
  check(object: string, relation: string, user: string, now: number, atLeast: number): boolean {
    const exports = this.#exports;
    const input = this.#input;
    if (exports !== undefined && object.length + relation.length + user.length <= input.length) {
      // An ASCII text is written by hand in less time than `encodeInto` takes to begin.
      const at = ascii(input, object, 0);
      const middle = at < 0 ? -1 : ascii(input, relation, at);
      if (middle >= 0 && ascii(input, user, middle) >= 0) {
        let status: Status;
        try {
          status = exports.check(object.length, relation.length, user.length, now, atLeast);
          this.#refresh();
        } catch (cause) {
          throw this.#ended(cause);
        }
        if (status === Status.Refused) throw this.#refusal();
        return decided(status);
      }
    }
    return decided(this.ask(Kind.Check, { object, relation, user }, now, atLeast));
  }

  /** A question as JSON, answered by yes or no. */
  asks(kind: Kind, question: object, now: number, atLeast: number): boolean {
    return decided(this.ask(kind, question, now, atLeast));
  }

  /** A question as JSON, answered by a line for each name. */
  list(kind: Kind, question: object, now: number, atLeast: number): string[] {
    this.ask(kind, question, now, atLeast);
    const text = this.#text(Word.Output);
    return text === "" ? [] : text.split("\n");
  }

  ask(kind: Kind, question: object, now: number, atLeast: number): Status {
    return this.#send(JSON.stringify(question), (exports, length) => exports.question(kind, length, now, atLeast));
  }

  /** Hands over a text. What the module refuses is thrown. */
  #send(text: string, call: (exports: Exports, length: number) => Status): Status {
    if (LONE_SURROGATE.test(text)) throw misconfigured("the text has half a surrogate pair");
    const most = text.length * 3;
    if (most > this.#capacity) this.#grow(most);
    this.#refresh();
    const { written } = encoder.encodeInto(text, this.#input);
    return this.#call((exports) => call(exports, written));
  }

  #bytes(word: Word): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#record.buffer as ArrayBuffer, this.#record[word]!, this.#record[word + 1]!);
  }

  #text(word: Word): string {
    return decoder.decode(this.#bytes(word));
  }

  get #alive(): Exports {
    if (this.#exports === undefined) throw unavailable("the bundle is closed, or has failed before: open another one");
    return this.#exports;
  }

  /** INVARIANT: whatever came out of a call as an exception ends the instance. */
  #ended(cause: unknown): SentinelError {
    this.close();
    return unavailable("the WebAssembly module failed", cause);
  }

  /** Calls the module. Whatever goes wrong in there refuses, and ends the instance. */
  #call(ask: (exports: Exports) => Status): Status {
    const exports = this.#alive;
    let status: Status;
    try {
      status = ask(exports);
      this.#refresh();
    } catch (cause) {
      throw this.#ended(cause);
    }
    if (status === Status.Refused) throw this.#refusal();
    return status;
  }

  #refusal(): SentinelError {
    const code = ERROR_CODES[this.#record[Word.Error]!] ?? "unavailable";
    return new SentinelError(code, this.#text(Word.Message));
  }

  /** Makes room for an input of this many bytes. */
  #grow(capacity: number): void {
    let start = 0;
    this.#call((exports) => {
      start = exports.input(capacity);
      return Status.Done;
    });
    if (start === 0) throw misconfigured("the input is longer than the module takes");
    this.#capacity = capacity;
    this.#refresh(true);
  }

  /** When the memory grows, views of it are left with a length of 0. */
  #refresh(moved = false): void {
    if (!moved && this.#input.length !== 0) return;
    const { input, record, memory } = this.#alive;
    this.#input = new Uint8Array(memory.buffer, input(this.#capacity), this.#capacity);
    this.#record = new Uint32Array(memory.buffer, record(), Word.Count);
  }
}

function decided(status: Status): boolean {
  if (status === Status.Yes) return true;
  if (status === Status.No) return false;
  throw unavailable("the WebAssembly module gave no answer");
}

/** Writes a text and gives the place behind it; -1 where it is not all ASCII. */
function ascii(input: Uint8Array, text: string, start: number): number {
  const { length } = text;
  for (let index = 0; index < length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit > 0x7f) return -1;
    input[start + index] = unit;
  }
  return start + length;
}
