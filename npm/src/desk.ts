import type { DecideOptions, RouteRequest } from "./api.js";
import type { KeyMaterial } from "./backends.js";
import { type Engine, Status, Word } from "./engine.js";
import { misconfigured, type SentinelError, unavailable } from "./errors.js";
import { pathOf } from "./request.js";
import type { Keys, Setup } from "./setup.js";

/** How often a question is asked again because its verifier was replaced under it. */
export const MOST_TRIES = 4;

/** Whom a question is about: the bearer of a token, or of a pair of them. */
export interface Subject {
  readonly token: string;
  /** The identity token, when `token` is the authorization token that belongs to it. */
  readonly pair?: { readonly desk: Desk; readonly token: string; readonly service: string };
}

/**
 * One verifier's place in the module.
 *
 * Modules fail and places are given to others: what it takes to set the place
 * up again is kept here, and `write` does that when it is needed.
 */
export class Desk {
  readonly engine: Engine;
  readonly #setup: Setup;
  #keys: Keys | undefined;
  #handle = 0;
  #epoch = 0;
  /** Counts key sets and set-ups: an answer about an earlier one is worth nothing. */
  _version = 0;
  /** Counts key sets alone. */
  _replaced = 0;

  constructor(engine: Engine, setup: Setup, keys: Keys | undefined) {
    this.engine = engine;
    this.#setup = setup;
    this.#keys = keys;
    this.#attach();
  }

  /** Takes keys into use, or throws and keeps those it has. */
  install(keys: Keys): void {
    this.#ensure();
    // Where the place is gone, setting it up anew takes the keys along.
    if (this.#load(keys) === Status.Gone) this.#attach(keys);
    this.#keys = keys;
    this._replaced += 1;
  }

  /** Writes a token into the input and gives its length. */
  write(token: string): number {
    this.#ensure();
    return this.engine.write(token);
  }

  get handle(): number {
    this.#ensure();
    return this.#handle;
  }

  begin(length: number, now: number): Status {
    return this.#answer(this.engine.call((exports) => exports.begin(this.#handle, length, now)));
  }

  finish(length: number, now: number, generation: number, holds: boolean): Status {
    return this.#answer(this.engine.call((exports) => exports.finish(this.#handle, length, now, generation, holds)));
  }

  verify(length: number, now: number): Status {
    return this.#answer(this.engine.call((exports) => exports.verify!(this.#handle, length, now)));
  }

  /** Asks about a subject that was verified before: who it is, or whether it may do what a request asks for. */
  _about(subject: Subject, now: number, request?: RouteRequest, options?: DecideOptions): unknown {
    if (SLIM) throw misconfigured("sentinel-edge/slim verifies tokens; identities and decisions are in sentinel-edge");
    const { engine } = this;
    const { token, pair } = subject;
    const other = pair?.desk ?? this;
    const texts = [token, pair?.token ?? "", pair?.service ?? ""];
    if (request !== undefined) texts.push(request.method, pathOf(request));
    // A bit for each, behind a leading 1.
    let answers = options?.relations || options?.actions ? 1 : 0;
    for (let tries = 0; tries < MOST_TRIES; ) {
      other.#ensure();
      this.#ensure();
      let end = 0;
      const lengths = texts.map((text) => {
        const length = engine.write(text, end);
        end += length;
        return length;
      });
      const status = engine.call(({ identity, decide }) =>
        (request === undefined ? identity : decide)(this.#handle, other.#handle, now, ...lengths, answers),
      );
      if (status === Status.Accepted) return JSON.parse(engine._output());
      if (status === Status.Refused) throw engine._refusal();
      if (status === Status.RelationNeeded) {
        // It may use this verifier itself: nothing in the module is relied on.
        const [wanted, object, user] = engine._output().split("\n") as [string, string, string];
        const { relations = no, actions = no } = options!;
        // Without an object it is an action.
        const holds: unknown = object ? relations(wanted, object, user) : actions(wanted, user);
        // Only a clear answer is one.
        if (typeof holds !== "boolean" || answers > 2 ** 30) throw unavailable("relations gave no answer");
        answers = answers * 2 + Number(holds);
        continue;
      }
      tries += 1;
      other.#handle = 0;
      this.#handle = 0;
    }
    throw unsettled();
  }

  /** The numbers of a key, copied out of the module. */
  _material(index: number): KeyMaterial {
    const { engine } = this;
    engine._demand((exports) => exports.key(this.#handle, index));
    return { _first: engine._bytes(Word.First).slice(), _second: engine._bytes(Word.Second).slice() };
  }

  /** Notes an answer that says that the place is gone. */
  #answer(status: Status): Status {
    if (status === Status.Gone) this.#handle = 0;
    return status;
  }

  #ensure(): void {
    if (this.#handle === 0 || this.#epoch !== this.engine.epoch) this.#attach();
  }

  #attach(keys = this.#keys): void {
    const { engine } = this;
    const { config, bytes, identity, cache, _inputBytes } = this.#setup;
    engine._revive();
    engine._reserve(_inputBytes);
    const length = engine._writeBytes(encoder.encode(config));
    engine._demand((exports) => exports.configure(length, bytes, identity, cache));
    this.#handle = engine.record[Word.Handle]!;
    this.#epoch = engine.epoch;
    this._version += 1;
    if (keys !== undefined) this.#load(keys);
  }

  #load({ source, algorithm, bytes }: Keys): Status {
    const length = this.engine._writeBytes(bytes);
    const status = this.engine.call((exports) => exports.load(this.#handle, source, algorithm, length));
    if (status === Status.Refused) throw this.engine._refusal();
    this._version += 1;
    return status;
  }
}

export function unsettled(): SentinelError {
  return unavailable("the keys kept changing");
}

const no = (): boolean => false;
const encoder = new TextEncoder();
