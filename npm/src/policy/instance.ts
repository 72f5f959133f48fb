import { ERROR_CODES } from "../codes.js";
import { type Base, Machine, write } from "../machine.js";
import type { ModelMistake } from "./api.js";
import { failed, misused, PolicyError } from "./errors.js";

/** The module's exports: `wasm/policy/src/exports.rs`. */
interface Exports extends Base {
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
  Error = 0,
  Output = 1,
  Tuples = 3,
  Count = 4,
}

/** An instance of the module: one engine. */
export class Instance extends Machine<Exports> {
  constructor(module: WebAssembly.Module) {
    super(module, Word.Count, (exports) => {
      exports.seed(...(globalThis.crypto.getRandomValues(new Uint32Array(4)) as unknown as [number, number, number, number]));
    });
  }

  get tuples(): number {
    this._call(() => Status.Done);
    return this._record[Word.Tuples]!;
  }

  /** The hot path: three short texts, and yes or no. */
  check(object: string, relation: string, user: string): boolean {
    const { _exports: exports, _input: input } = this;
    const middle = object.length + relation.length;
    if (exports !== undefined && middle + user.length <= input.length) {
      const units = write(input, object, 0) | write(input, relation, object.length) | write(input, user, middle);
      if (units <= 0x7f) {
        let status: Status;
        try {
          status = exports.check(object.length, relation.length, user.length);
        } catch (cause) {
          throw this._ended(cause);
        }
        // Should the memory have grown, the next question finds a view of no length and takes the long way.
        if (status === Status.Refused) throw this._refusal();
        return this.#decided(status);
      }
    }
    return this.asks({ object, relation, user });
  }

  /** A question as JSON. */
  ask(kind: Kind, question: object): Status {
    return this.send(JSON.stringify(question), (exports, length) => exports.question(kind, length));
  }

  /** As `ask`, for a check. */
  asks(question: object): boolean {
    return this.#decided(this.ask(Kind.Check, question));
  }

  /** What the module wrote. */
  json(): unknown {
    this._refresh();
    return JSON.parse(this._text(Word.Output));
  }

  #decided(status: Status): boolean {
    if (status === Status.Allowed) return true;
    if (status === Status.Denied) return false;
    throw failed("the WebAssembly module gave no answer");
  }

  protected override _failed(message: string, cause?: unknown): PolicyError {
    return failed(message, cause);
  }

  protected override _misused(message: string): PolicyError {
    return misused(message);
  }

  protected override _refusal(): PolicyError {
    let told: { message: string; openfgaCode?: string; mistakes: ModelMistake[] };
    try {
      told = this.json() as typeof told;
    } catch (cause) {
      return this._ended(cause) as PolicyError;
    }
    const code = ERROR_CODES[this._record[Word.Error]!] ?? "unavailable";
    return new PolicyError(code, told.message, told.openfgaCode, told.mistakes);
  }
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
