import type { KeyMaterial } from "../backends.js";
import { type Algorithm, ALGORITHMS, ERROR_CODES } from "../codes.js";
import { misconfigured, SentinelError, unavailable } from "../errors.js";
import { type Base, Machine, write } from "../machine.js";

/** The module's exports: `wasm/bundle/src/exports.rs`. */
interface Exports extends Base {
  frame(length: number): number;
  configure(length: number): number;
  keys(length: number): number;
  key(index: number): number;
  remember(length: number): number;
  begin(): number;
  finish(now: number, holds: boolean): number;
  /** Only of revocations. */
  feed?(length: number, now: number): number;
  check?(object: number, relation: number, user: number, now: number, atLeast: number): number;
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
  RevokedByFeed,
}

/** What is held: `Holder::finish`. */
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

/** An instance of the module: one holder of a bundle. */
export class Instance extends Machine<Exports> {
  /** Counts key sets: what was asked about an earlier one is worth nothing. */
  generation = 0;

  constructor(module: WebAssembly.Module) {
    super(module, Word.Count);
  }

  /** Takes the demands, and gives the place of what is known. */
  configure(demands: object): string {
    this.send(JSON.stringify(demands), (exports, length) => exports.configure(length));
    return this._text(Word.Output);
  }

  keys(document: Uint8Array): void {
    this.#put(document);
    this.generation += 1;
    this._call((exports) => exports.keys(document.length));
  }

  material(index: number): KeyMaterial {
    this._call((exports) => exports.key(index));
    return { _first: this._bytes(Word.First).slice(), _second: this._bytes(Word.Second).slice() };
  }

  remember(known: string): void {
    this.send(known, (exports, length) => exports.remember(length));
  }

  /** Everything up to the manifest's signature. */
  begin(frame: Uint8Array): Challenge {
    let start = 0;
    this._call((exports) => {
      start = exports.frame(frame.length);
      if (start !== 0) new Uint8Array(exports.memory.buffer, start, frame.length).set(frame);
      return Status.Done;
    });
    if (start === 0) throw new SentinelError("bundle_invalid", "the bundle is longer than the module takes");
    this._call((exports) => exports.begin());
    return {
      key: this._record[Word.Key]!,
      algorithm: ALGORITHMS[this._record[Word.Algorithm]!]!,
      data: this._bytes(Word.SigningInput).slice(),
      signature: this._bytes(Word.Signature).slice(),
    };
  }

  /** Everything after it. INVARIANT: `begin` was the last call, about this very bundle and with these keys. */
  finish(now: number, holds: boolean): Held {
    this._call((exports) => exports.finish(now, holds));
    const [revision, issuedAt, notAfter, state, known, changed] = this._text(Word.Output).split(" ") as [
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

  /** Takes in an answer of the server's feed of revocations: whether it was the last for now, and what to ask with next. */
  feed(answer: Uint8Array, now: number): { complete: boolean; after: string; epoch: string } {
    this.#put(answer);
    this._call((exports) => exports.feed!(answer.length, now));
    const [complete, after = "", ...epoch] = this._text(Word.Output).split(" ");
    return { complete: complete === "1", after, epoch: epoch.join(" ") };
  }

  /** The hot path: three short texts, and yes or no. A module of revocations alone has none. */
  check(object: string, relation: string, user: string, now: number, atLeast: number): boolean {
    const { _exports: exports, _input: input } = this;
    const middle = object.length + relation.length;
    if (exports?.check !== undefined && middle + user.length <= input.length) {
      const units = write(input, object, 0) | write(input, relation, object.length) | write(input, user, middle);
      if (units <= 0x7f) {
        let status: Status;
        try {
          status = exports.check(object.length, relation.length, user.length, now, atLeast);
          this._refresh();
        } catch (cause) {
          throw this._ended(cause);
        }
        if (status === Status.Refused) throw this._refusal();
        return decided(status);
      }
    }
    return this.asks(Kind.Check, { object, relation, user }, now, atLeast);
  }

  /** A question as JSON, answered by yes or no. */
  asks(kind: Kind, question: object, now: number, atLeast: number): boolean {
    return decided(this.#ask(kind, question, now, atLeast));
  }

  /** A question as JSON, answered by a line for each name. */
  list(kind: Kind, question: object, now: number, atLeast: number): string[] {
    this.#ask(kind, question, now, atLeast);
    const text = this._text(Word.Output);
    return text === "" ? [] : text.split("\n");
  }

  #ask(kind: Kind, question: object, now: number, atLeast: number): Status {
    return this.send(JSON.stringify(question), (exports, length) => exports.question(kind, length, now, atLeast));
  }

  #put(bytes: Uint8Array): void {
    this._reserve(bytes.length);
    this._input.set(bytes);
  }

  protected override _failed(message: string, cause?: unknown): SentinelError {
    return unavailable(message, cause);
  }

  protected override _misused(message: string): SentinelError {
    return misconfigured(message);
  }

  protected override _refusal(): SentinelError {
    const code = ERROR_CODES[this._record[Word.Error]!] ?? "unavailable";
    return new SentinelError(code, this._text(Word.Message));
  }
}

function decided(status: Status): boolean {
  if (status === Status.Yes) return true;
  if (status === Status.No) return false;
  throw unavailable("the WebAssembly module gave no answer");
}
