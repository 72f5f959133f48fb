import { ERROR_CODES } from "../codes.js";
import type { ModelMistake } from "./api.js";
import { failed, misused, PolicyError } from "./errors.js";

/** The module's exports: `wasm/policy/src/exports.rs`. */
interface Exports {
  memory: WebAssembly.Memory;
  input(capacity: number): number;
  record(): number;
  seed(a: number, b: number, c: number, d: number): void;
  model(length: number, depth: number, work: number): number;
  load(length: number): number;
  settle(): number;
  check(object: number, relation: number, user: number): number;
  question(kind: number, length: number): number;
  /** Only where models are taken as text. */
  judge?(kind: number, length: number): number;
}

/** The answers of the module: `wasm/policy/src/engine.rs`. */
export const enum Status {
  Refused,
  Done,
  Denied,
  Allowed,
}

/** The record's words: `wasm/policy/src/engine.rs`. */
const enum Word {
  Error,
  OutputStart,
  OutputLength,
  Tuples,
  Count,
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const INPUT_BYTES = 4 * 1024;
/** Half of a pair without the other half: UTF-8 has no form for it, and two such texts must not become one. */
const LONE_SURROGATE = /[\ud800-\udfff]/u;

/**
 * An instance of the module: one engine.
 *
 * INVARIANT: an exception out of the module means that its memory may be in any state. It is a refusal, and the instance is
 * never called again.
 */
export class Instance {
  #input = new Uint8Array();
  #record = new Uint32Array();
  #exports: Exports | undefined;
  #capacity = 0;

  constructor(module: WebAssembly.Module) {
    try {
      const exports = new WebAssembly.Instance(module, {}).exports as unknown as Exports;
      const [a, b, c, d] = globalThis.crypto.getRandomValues(new Uint32Array(4)) as unknown as [number, number, number, number];
      exports.seed(a, b, c, d);
      this.#exports = exports;
      this.#grow(INPUT_BYTES);
    } catch (cause) {
      this.#exports = undefined;
      throw failed("the WebAssembly module could not be started", cause);
    }
  }

  get memoryBytes(): number {
    return this.#exports?.memory.buffer.byteLength ?? 0;
  }

  get tuples(): number {
    this.#call(() => Status.Done);
    return this.#record[Word.Tuples]!;
  }

  /** The hot path: three short texts, and yes or no. */
  check(object: string, relation: string, user: string): boolean {
    const exports = this.#exports;
    const input = this.#input;
    const middle = object.length + relation.length;
    if (exports !== undefined && middle + user.length <= input.length) {
      // An ASCII text is written by hand in less time than `encodeInto` takes to begin.
      const units = write(input, object, 0) | write(input, relation, object.length) | write(input, user, middle);
      if (units <= 0x7f) {
        let status: Status;
        try {
          status = exports.check(object.length, relation.length, user.length);
        } catch (cause) {
          throw this.#ended(cause);
        }
        // Should the memory have grown, the next question finds a view of no length and takes the long way.
        if (status === Status.Refused) throw this.#refusal();
        return this.#decided(status);
      }
    }
    return this.#decided(this.ask(Kind.Check, { object, relation, user }));
  }

  /** A question as JSON. */
  ask(kind: Kind, question: object): Status {
    return this.send(JSON.stringify(question), (exports, length) => exports.question(kind, length));
  }

  /** As `ask`, for a check. */
  asks(question: object): boolean {
    return this.#decided(this.ask(Kind.Check, question));
  }

  /** Hands over a text. What the module refuses is thrown. */
  send(text: string, call: (exports: Exports, length: number) => Status): Status {
    if (LONE_SURROGATE.test(text)) throw misused("the text has a lone surrogate");
    const most = text.length * 3;
    if (most > this.#capacity) this.#grow(most);
    this.#refresh();
    const { written } = encoder.encodeInto(text, this.#input);
    return this.#call((exports) => call(exports, written));
  }

  /** The text that the module wrote. */
  text(): string {
    this.#refresh();
    const start = this.#record[Word.OutputStart]!;
    return decoder.decode(new Uint8Array(this.#record.buffer, start, this.#record[Word.OutputLength]!));
  }

  json(): unknown {
    return JSON.parse(this.text());
  }

  #decided(status: Status): boolean {
    if (status === Status.Allowed) return true;
    if (status === Status.Denied) return false;
    throw failed("the WebAssembly module gave no answer");
  }

  /** INVARIANT: whatever came out of a call as an exception ends the instance. */
  #ended(cause: unknown): PolicyError {
    this.#exports = undefined;
    return failed("the WebAssembly module failed", cause);
  }

  /** Calls the module. Whatever goes wrong in there refuses, and ends the instance. */
  #call(ask: (exports: Exports) => Status): Status {
    const exports = this.#exports;
    if (exports === undefined) throw failed("the engine has failed: make another");
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

  #refusal(): PolicyError {
    let told: { message: string; openfgaCode?: string; mistakes: ModelMistake[] };
    try {
      told = this.json() as typeof told;
    } catch (cause) {
      return this.#ended(cause);
    }
    const code = ERROR_CODES[this.#record[Word.Error]!] ?? "unavailable";
    return new PolicyError(code, told.message, told.openfgaCode, told.mistakes);
  }

  /** Makes room for an input of this many bytes. */
  #grow(capacity: number): void {
    let start = 0;
    this.#call((exports) => {
      start = exports.input(capacity);
      return Status.Done;
    });
    if (start === 0) throw misused("the input is too long");
    this.#capacity = capacity;
    this.#refresh(true);
  }

  /** When the memory grows, views of it are left with a length of 0. */
  #refresh(moved = false): void {
    if (!moved && this.#input.length !== 0) return;
    const { input, record, memory } = this.#exports!;
    this.#input = new Uint8Array(memory.buffer, input(this.#capacity), this.#capacity);
    this.#record = new Uint32Array(memory.buffer, record(), Word.Count);
  }
}

/** Writes a text that is taken for ASCII, and gives all bits of its units: above 0x7f it is not. */
function write(input: Uint8Array, text: string, start: number): number {
  const { length } = text;
  let units = 0;
  for (let index = 0; index < length; index += 1) {
    const unit = text.charCodeAt(index);
    units |= unit;
    input[start + index] = unit;
  }
  return units;
}

/** The questions: `wasm/policy/src/question.rs`. */
export const enum Kind {
  Check,
  Explain,
  Expand,
  ListObjects,
  ListUsers,
  ListRelations,
  Write,
  Read,
}
