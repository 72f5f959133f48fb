// Where a session and a login on its way are kept.
import type { ClientOptions, TokenStore } from "./api.js";
import type { Departure } from "./mode.js";
import { readSession, type Session } from "./session.js";

/** How long a login may take: the server forgets it after ten minutes. */
const LOGIN = 600_000;

function memory(): TokenStore {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, value),
    removeItem: (key) => void items.delete(key),
  };
}

/** The browser's, where there is one and the user lets pages have it. */
function ofBrowser(name: "sessionStorage" | "localStorage"): TokenStore {
  try {
    if (typeof document !== "undefined") return globalThis[name] ?? memory();
  } catch {
    // Storage is blocked.
  }
  return memory();
}

/** The session, in the store that was chosen. */
export class SessionStore {
  readonly #store: TokenStore;
  readonly #key: string;

  constructor(storage: ClientOptions["storage"] = "memory", key: string) {
    this.#key = `sentinel:${key}`;
    this.#store =
      storage === "memory"
        ? memory()
        : typeof storage === "string"
          ? ofBrowser(storage === "local" ? "localStorage" : "sessionStorage")
          : storage;
  }

  load(): Session | null {
    try {
      return readSession(JSON.parse(this.#store.getItem(this.#key) ?? "null"));
    } catch {
      return null;
    }
  }

  /** A store that is full or blocked keeps nothing: the session is in memory then, and lasts as long as the page. */
  save(session: Session | null): void {
    try {
      if (session === null) this.#store.removeItem(this.#key);
      else this.#store.setItem(this.#key, JSON.stringify(session));
    } catch {
      // See above.
    }
  }
}

/** For how long a tab does not try again what has come to nothing. */
const SILENCE = 60_000;

/** When this tab last tried to log in without asking, or logged out. */
export class Silence {
  readonly #store = ofBrowser("sessionStorage");
  readonly #key: string;

  constructor(key: string) {
    this.#key = `sentinel-silent:${key}`;
  }

  holds(now: number): boolean {
    try {
      const since = now - Number(this.#store.getItem(this.#key) ?? Number.NaN);
      return since >= 0 && since < SILENCE;
    } catch {
      // Without a memory it would be tried for ever.
      return true;
    }
  }

  /** False where it cannot be remembered. */
  begin(now: number): boolean {
    try {
      this.#store.setItem(this.#key, String(now));
      return true;
    } catch {
      return false;
    }
  }

  end(): void {
    try {
      this.#store.removeItem(this.#key);
    } catch {
      // It ends by itself.
    }
  }
}

/** Logins on their way, in this tab: each is taken once (RFC 9700 §2.1.1, §4.7). */
export class Departures {
  readonly #store = ofBrowser("sessionStorage");
  readonly #key: string;

  constructor(key: string) {
    this.#key = `sentinel-login:${key}`;
  }

  add(state: string, departure: Departure): void {
    const all = this.#all(departure.at);
    this.#save({ ...all, [state]: departure });
  }

  /** The login with this state: it is gone afterwards, so that no answer is taken twice. */
  take(state: string, now: number): Departure | undefined {
    const all = this.#all(now);
    // `__proto__` and its like are no logins of ours.
    if (!Object.hasOwn(all, state)) return undefined;
    const { [state]: taken, ...rest } = all;
    this.#save(rest);
    return taken;
  }

  /** Those that can still come back. */
  #all(now: number): Record<string, Departure> {
    try {
      const all = JSON.parse(this.#store.getItem(this.#key) ?? "{}") as Record<string, Departure>;
      return Object.fromEntries(Object.entries(all).filter(([, { at }]) => Math.abs(now - at) < LOGIN));
    } catch {
      return {};
    }
  }

  #save(all: Record<string, Departure>): void {
    if (Object.keys(all).length === 0) this.#store.removeItem(this.#key);
    else this.#store.setItem(this.#key, JSON.stringify(all));
  }
}
