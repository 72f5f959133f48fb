import type { FollowOptions } from "./api.js";
import type { Listen } from "./tabs.js";

/** Until the next try after failures: 1, 2, 4 … 20 s, and up to half of it less, so that those who lost one server do not come back as one. */
const RETRY = { first: 1_000, most: 20_000 };
/** Everyone hears of a change at once: within this time, in milliseconds, they come for it. */
const SPREAD = 200;
const INTERVAL = 30_000;
/** Longest that a timer is set for: others' clocks and this machine's sleep are looked after then. */
const LONGEST = 3_600_000;

export interface Followed {
  /** Reads events until they end; absent where there are none. */
  readonly events?: Listen | undefined;
  /** Fetches what changed. */
  refresh(): Promise<unknown>;
  /** When the bundle that is held should be renewed, and when it ends, in milliseconds since the epoch. */
  times(): { readonly renew: number; readonly end: number };
  /** Told when it has ended without another one. */
  ended(): void;
  now(): number;
}

/** Keeps a bundle current until it is told to stop: by events, else by looking from time to time. */
export class Follower {
  readonly #followed: Followed;
  readonly #interval: number;
  readonly #onError: (error: unknown) => void;
  readonly #abort = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #ending: ReturnType<typeof setTimeout> | undefined;
  /** Whether events are heard at the moment. */
  #hears = false;
  #failures = 0;
  #running = false;
  #again = false;

  constructor(followed: Followed, { interval = INTERVAL, onError = () => {} }: FollowOptions) {
    this.#followed = followed;
    this.#interval = interval;
    this.#onError = onError;
  }

  start(): () => void {
    if (this.#followed.events !== undefined) void this.#listen();
    this.#plan();
    const look = (): void => {
      if (typeof document === "undefined" || document.visibilityState !== "hidden") void this.look();
    };
    // A machine that slept, a tab that was frozen and a network that was gone missed what there was to hear.
    const target = typeof document === "undefined" ? undefined : document;
    target?.addEventListener("visibilitychange", look);
    if (target !== undefined) addEventListener("online", look);
    return () => {
      target?.removeEventListener("visibilitychange", look);
      if (target !== undefined) removeEventListener("online", look);
      this.#abort.abort();
      clearTimeout(this.#timer);
      clearTimeout(this.#ending);
    };
  }

  /** Fetches what changed; what is told meanwhile is fetched after it. */
  async look(): Promise<void> {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    try {
      do {
        this.#again = false;
        await this.#followed.refresh();
        this.#failures = 0;
      } while (this.#again && !this.#stopped);
    } catch (error) {
      this.#failures += 1;
      this.#tell(error);
    } finally {
      this.#running = false;
      this.#plan();
    }
  }

  get #stopped(): boolean {
    return this.#abort.signal.aborted;
  }

  async #listen(): Promise<void> {
    const { signal } = this.#abort;
    for (let failures = 0; !this.#stopped; ) {
      try {
        await this.#followed.events!(
          signal,
          () => {
            this.#hears = true;
            failures = 0;
            this.#plan();
          },
          () => setTimeout(() => void (this.#stopped || this.look()), Math.random() * SPREAD),
        );
      } catch (error) {
        failures += 1;
        this.#tell(error);
      }
      this.#hears = false;
      if (this.#stopped) return;
      this.#plan();
      // An end without a failure is the server's bound on a connection.
      await pause(failures === 0 ? Math.random() * RETRY.first : delay(failures), signal);
    }
  }

  /** Sets the timers anew. */
  #plan(): void {
    if (this.#stopped) return;
    const { renew, end } = this.#followed.times();
    const now = this.#followed.now();
    clearTimeout(this.#timer);
    clearTimeout(this.#ending);
    // Not all in the same moment.
    const due = Math.max(renew - now, 0) * (1 - Math.random() / 10);
    const next = this.#failures > 0 ? delay(this.#failures) : this.#hears ? Math.max(due, 100) : Math.min(Math.max(due, 100), this.#interval);
    this.#timer = setTimeout(() => void this.look(), Math.min(next, LONGEST));
    if (end > now && end - now <= LONGEST) this.#ending = setTimeout(() => this.#followed.ended(), end - now);
  }

  #tell(error: unknown): void {
    if (this.#stopped) return;
    try {
      this.#onError(error);
    } catch {
      // Whoever is told must not end the telling.
    }
  }
}

const delay = (failures: number): number => Math.min(RETRY.first * 2 ** Math.min(failures - 1, 16), RETRY.most) * (0.5 + Math.random() / 2);

const pause = (time: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, time);
    signal.addEventListener("abort", done);
  });
