// What the decider has answered, kept for a while and asked again while someone looks.
import type { Decider, Question } from "../client/api.js";
import { SentinelError } from "../client/index.js";
import type { DecisionState } from "./api.js";

const state = (allow: boolean, loading: boolean, error: SentinelError | null = null): DecisionState =>
  Object.freeze({ allow, loading, error });
export const PENDING = state(false, true);
export const DENIED = state(false, false);
const ALLOWED = state(true, false);

/** Answers that nobody looks at: more are forgotten. */
const MOST = 1000;
/** How soon a question without an answer is asked again, in milliseconds. */
const AGAIN = 5_000;

interface Entry {
  readonly question: Question;
  readonly listeners: Set<() => void>;
  state: DecisionState;
  /** When the answer came; what has none is as old as can be. */
  at: number;
  /** Of several questions under way the last one counts. */
  asked: number;
}

export class Decisions {
  readonly #decide: Decider["decide"];
  readonly #decider: Decider | undefined;
  readonly #maxAge: number;
  readonly #entries = new Map<string, Entry>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(decider: Decider | Decider["decide"], maxAge: number) {
    this.#decider = typeof decider === "function" ? undefined : decider;
    this.#decide = typeof decider === "function" ? decider : (question) => decider.decide(question);
    this.#maxAge = maxAge;
  }

  /** Listens to the decider, and asks again what has grown old. */
  start(): void {
    this.#unsubscribe = this.#decider?.subscribe?.(() => this.#void());
    this.#timer = setInterval(this.#refresh, Math.min(this.#maxAge, AGAIN));
    document.addEventListener("visibilitychange", this.#refresh);
  }

  stop(): void {
    this.#unsubscribe?.();
    clearInterval(this.#timer);
    document.removeEventListener("visibilitychange", this.#refresh);
  }

  peek(question: Question): DecisionState {
    return this.#entries.get(keyOf(question))?.state ?? PENDING;
  }

  /** Asks where there is no answer of late, and tells `listener` of every other one. */
  watch(question: Question, listener: () => void): () => void {
    const entry = this.#entry(question);
    entry.listeners.add(listener);
    if (Date.now() - entry.at >= this.#maxAge) void this.#ask(entry);
    return () => void entry.listeners.delete(listener);
  }

  #entry(question: Question): Entry {
    const key = keyOf(question);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    for (const [old, { listeners }] of this.#entries) {
      if (this.#entries.size < MOST) break;
      if (listeners.size === 0) this.#entries.delete(old);
    }
    const entry: Entry = { question, listeners: new Set(), state: PENDING, at: -Infinity, asked: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  async #ask(entry: Entry): Promise<void> {
    const asked = (entry.asked += 1);
    const answer = await this.#answer(entry.question);
    if (asked !== entry.asked) return;
    entry.at = answer.error === null ? Date.now() : -Infinity;
    if (entry.state === answer) return;
    entry.state = answer;
    for (const listener of [...entry.listeners]) listener();
  }

  async #answer(question: Question): Promise<DecisionState> {
    try {
      // Only a clear yes is one.
      return (await this.#decide(question)) === true ? ALLOWED : DENIED;
    } catch (cause) {
      const known = cause instanceof SentinelError;
      return state(false, false, known ? cause : new SentinelError("undecided", "the decider failed", undefined, { cause }));
    }
  }

  /** Every answer may be another now. */
  #void(): void {
    for (const entry of this.#entries.values()) entry.at = -Infinity;
    this.#refresh();
  }

  /** Asks again what is looked at and has grown old, while the page is. */
  readonly #refresh = (): void => {
    if (document.visibilityState === "hidden") return;
    const now = Date.now();
    for (const entry of this.#entries.values()) {
      if (entry.listeners.size > 0 && now - entry.at >= this.#maxAge) void this.#ask(entry);
    }
  };
}

/** Another workspace or role may have another answer: the whole user counts. */
const keyOf = ({ user, relation, object }: Question): string => JSON.stringify([relation, object, user]);
