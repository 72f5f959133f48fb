import { codeOf, unavailable } from "../errors.js";
import type { Bundle, Later } from "../bundle/api.js";

/** Milliseconds after a failure before the server is asked again: 1, 2, 4 … 15 s. */
const RETRY = { first: 1_000, most: 15_000 };

export interface RenewedSettings {
  open(): Promise<Bundle>;
  /** No request is answered by what is older, while the server answers. */
  readonly maxAge: number;
  clock(): number;
  /** Whether a request may wait for what another one fetches: not so in Workers. */
  readonly shared: boolean;
  onError(error: unknown): void;
}

/** One bundle that is fetched when it is asked for, and renewed behind the requests. */
export class Renewed {
  readonly #settings: RenewedSettings;
  #bundle: Bundle | undefined;
  #pending: Promise<void> | undefined;
  #failures = 0;
  #failedAt = 0;
  #error: unknown;
  #closed = false;

  constructor(settings: RenewedSettings) {
    this.#settings = settings;
  }

  /**
   * What may be asked now. Waits where there is nothing yet, or only what is too old; what is due is done later. While the
   * server does not answer, what is held goes on: whether it has ended is its own to say.
   */
  async current(later?: Later): Promise<Bundle> {
    const { maxAge, clock, shared } = this.#settings;
    const now = clock();
    const held = this.#bundle;
    // A clock that went backwards makes it too old.
    const age = held === undefined || now < held.heardAt || now >= held.notAfter ? Infinity : now - held.heardAt;
    if (age >= maxAge / 2 && !this.#rests(now)) {
      if (age >= maxAge) await this.#renew();
      // Early enough that under a steady stream of requests none of them waits.
      else if (shared) void this.#renew();
      else later?.(this.#renew());
    }
    if (this.#closed) throw unavailable("the bundle is closed");
    if (this.#bundle !== undefined) return this.#bundle;
    throw codeOf(this.#error) === undefined ? unavailable("the bundle could not be had", this.#error) : this.#error;
  }

  close(): void {
    this.#closed = true;
    this.#bundle?.close();
    this.#bundle = undefined;
  }

  #rests(now: number): boolean {
    const since = now - this.#failedAt;
    return this.#failures > 0 && since >= 0 && since < Math.min(RETRY.first * 2 ** (this.#failures - 1), RETRY.most);
  }

  #renew(): Promise<void> {
    if (this.#pending !== undefined && this.#settings.shared) return this.#pending;
    const pending = this.#load().finally(() => {
      if (this.#pending === pending) this.#pending = undefined;
    });
    return (this.#pending = pending);
  }

  /** Never rejects: what is held answers on, and the next to need it is told why there is nothing. */
  async #load(): Promise<void> {
    const { open, clock, onError } = this.#settings;
    try {
      if (this.#bundle !== undefined) await this.#bundle.refresh();
      else {
        const opened = await open();
        // Another request was quicker, or nobody wants it any more.
        if (this.#bundle !== undefined || this.#closed) opened.close();
        else this.#bundle = opened;
      }
      this.#failures = 0;
    } catch (error) {
      if (this.#closed) return;
      this.#failures += 1;
      this.#failedAt = clock();
      this.#error = error;
      try {
        onError(error);
      } catch {
        // Whoever is told must not end the telling.
      }
    }
  }
}
