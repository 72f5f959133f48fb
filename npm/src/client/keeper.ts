// Keeps the session: in one place, with one refresh at a time, and the same in every tab.
import { type SentinelError, unavailable } from "../errors.js";
import type { AuthState, ClientOptions, SentinelUser } from "./api.js";
import { isPassing, loginRequired } from "./errors.js";
import type { Grant, Mode } from "./mode.js";
import { isLater, type Session, sessionOf } from "./session.js";
import type { SessionStore } from "./store.js";
import { Tabs } from "./tabs.js";
import { random } from "./text.js";

/** The longest delay of a timer. */
const LONGEST = 2 ** 31 - 1;
/** How long a page may take to be left. */
const LEAVING = 10_000;
/** How long after a failed refresh it is tried again: at first, and at most. */
const [FIRST, LAST] = [1_000, 30_000];

export const LOADING: AuthState = Object.freeze({ status: "loading", user: null, error: null });

export class Keeper {
  readonly #mode: Mode;
  readonly #store: SessionStore;
  readonly #tabs: Tabs | undefined;
  readonly #clock: () => number;
  readonly #auto: boolean;
  readonly #buffer: number;
  readonly #listeners = new Set<() => void>();
  #session: Session | null = null;
  #state = LOADING;
  /** Sessions that are over: nothing that is heard of them later brings them back. */
  readonly #over = new Set<string>();
  #ready: Promise<void> | undefined;
  #refreshing: Promise<void> | undefined;
  /** Why the last refresh failed, while it may yet succeed. */
  #trouble: SentinelError | null = null;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Leaves the page for a login without being asked: false where that is not to be tried. */
  readonly #depart: (() => Promise<boolean>) | undefined;
  /** Ends the waiting for a page that was left. */
  #stay: (() => void) | undefined;

  constructor(mode: Mode, store: SessionStore, key: string, clock: () => number, options: ClientOptions, depart?: () => Promise<boolean>) {
    this.#mode = mode;
    this.#store = store;
    this.#clock = clock;
    this.#depart = depart;
    this.#auto = options.autoRefresh ?? true;
    this.#buffer = (options.refreshBuffer ?? mode.buffer) * 1000;
    const tabs = options.tabs ?? typeof document !== "undefined";
    if (tabs) {
      this.#tabs = new Tabs(key, {
        current: () => this.#session,
        session: (session, login) => this.#heard(session, login),
        ended: (id) => this.#end(id, null),
      });
    }
  }

  get state(): AuthState {
    return this.#state;
  }

  /** The session, as long as its tokens have not expired. */
  get live(): Session | null {
    return this.#session !== null && this.#clock() < this.#session.expiresAt ? this.#session : null;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    // On a server nobody is logged in, and nothing is begun that would have to end.
    if (typeof document !== "undefined") void this.ready();
    return () => void this.#listeners.delete(listener);
  }

  /** Finds out whether someone is logged in: by the store, or by other tabs. */
  ready(): Promise<void> {
    return (this.#ready ??= this.#start());
  }

  async #start(): Promise<void> {
    this.#tabs?.open();
    if (typeof document !== "undefined") {
      addEventListener("online", this.#wake);
      document.addEventListener("visibilitychange", this.#wake);
    }
    this.#session ??= this.#store.load();
    if (this.#session === null) await this.#tabs?.ask(() => this.#session !== null);
    // Tokens that expired while nothing ran: whether they can be replaced is to be known first.
    if (this.#session !== null && this.live === null) await this.renew(this.#session).catch(() => {});
    if (this.#session === null && (await this.#depart?.().catch(() => false)) === true) await this.#left();
    this.#changed();
  }

  /** The page is being left: nothing is known until it is clear that it was not. */
  async #left(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#stay = resolve;
      setTimeout(resolve, LEAVING);
      // A page that a browser has kept, and shows again.
      addEventListener("pageshow", () => resolve(), { once: true });
    });
    this.#stay = undefined;
  }

  /** Ends timers and listening; `ready` starts them again. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#tabs?.close();
    if (typeof document !== "undefined") {
      removeEventListener("online", this.#wake);
      document.removeEventListener("visibilitychange", this.#wake);
    }
    this.#ready = undefined;
  }

  /** A login: every tab follows. */
  async begin(grant: Grant): Promise<SentinelUser> {
    this.#stay?.();
    await this.ready();
    this.#take(sessionOf(grant, random(), 0, this.#clock()), true);
    return grant.user;
  }

  /** Tokens that have not expired; null where nobody is logged in. */
  async fresh(): Promise<Session | null> {
    await this.ready();
    if (this.#session !== null && this.live === null) await this.renew(this.#session);
    return this.#session;
  }

  /** Tokens that came for this session: never older ones in the place of later ones, and none for a session that is over. */
  follow(from: Session, grant: Grant): void {
    const session = sessionOf(grant, from.id, from.serial + 1, this.#clock());
    if (isLater(session, this.#session ?? session)) this.#take(session, false);
  }

  /** Later tokens than these, once however many ask. Rejects only where asking again may help. */
  async renew(from: Session): Promise<Session | null> {
    if (this.#session === from) {
      this.#refreshing ??= this.#renew(from).finally(() => (this.#refreshing = undefined));
      await this.#refreshing;
    }
    return this.#session;
  }

  async #renew(from: Session): Promise<void> {
    const task = async (waited: boolean): Promise<void> => {
      if (await this.#foundLater(from, waited)) return;
      try {
        const grant = await this.#mode.renew(from.tokens, this.#clock() >= from.expiresAt);
        if (grant === null) this.#settled(null);
        else this.follow(from, grant);
      } catch (error) {
        if (isPassing(error)) throw error;
        // Another tab may have been faster, where no lock kept it from that.
        if (!(await this.#foundLater(from, true))) this.#end(from.id, loginRequired("the session has ended: log in again"));
      }
    };
    try {
      await (this.#tabs === undefined ? task(false) : this.#tabs.alone(task));
    } catch (error) {
      // What nobody thought of is no answer either.
      this.#trouble = isPassing(error) ? error : unavailable("the refresh failed", error);
      this.#failures += 1;
      this.#changed();
      throw this.#trouble;
    }
  }

  /** Whether another tab has come to later tokens, or has logged out: as it said, by the store, or asked. */
  async #foundLater(from: Session, ask: boolean): Promise<boolean> {
    const stored = this.#store.load();
    if (isLater(stored, from)) this.#heard(stored, false);
    else if (ask && this.#session === from) await this.#tabs?.ask(() => this.#session !== from);
    return this.#session !== from;
  }

  /** Ends the session in every tab; answers what it was. */
  async end(): Promise<Session | null> {
    await this.ready();
    const session = this.#session;
    if (session !== null) this.#end(session.id, null);
    return session;
  }

  #end(id: string, error: SentinelError | null): void {
    if (this.#over.has(id)) return;
    this.#over.add(id);
    this.#tabs?.tell({ kind: "ended", id });
    if (this.#session?.id !== id) return;
    this.#session = null;
    this.#store.save(null);
    this.#settled(error);
  }

  #heard(session: Session, login: boolean): void {
    if (this.#over.has(session.id)) return;
    if (this.#session === null || login || isLater(session, this.#session)) this.#take(session, false, true);
  }

  #take(session: Session, login: boolean, heard = false): void {
    if (this.#over.has(session.id)) return;
    this.#session = session;
    this.#store.save(session);
    if (!heard) this.#tabs?.tell({ kind: "session", session, login });
    this.#settled(null);
  }

  #settled(error: SentinelError | null): void {
    this.#trouble = null;
    this.#failures = 0;
    this.#changed(error);
  }

  /** Says what is so now, and sets the timer for the next change. */
  #changed(error: SentinelError | null = null): void {
    const [session, live] = [this.#session, this.live];
    const next: AuthState =
      session === null
        ? { status: "unauthenticated", user: null, error }
        : live !== null
          ? { status: "authenticated", user: session.user, error: this.#trouble }
          : { status: "unavailable", user: null, error: this.#trouble };
    this.#plan();
    const same = next.status === this.#state.status && next.error === this.#state.error && sameUser(next.user, this.#state.user);
    if (same) return;
    this.#state = Object.freeze(next);
    for (const listener of [...this.#listeners]) {
      try {
        listener();
      } catch (error) {
        // The listener's fault is its owner's, and not the session's.
        queueMicrotask(() => { throw error; });
      }
    }
  }

  #plan(): void {
    clearTimeout(this.#timer);
    const session = this.#session;
    // Stopped, or on a server: nothing runs by itself.
    if (session === null || this.#ready === undefined) return;
    const [now, { issuedAt, expiresAt }] = [this.#clock(), session];
    const due = expiresAt - Math.min(this.#buffer, (expiresAt - issuedAt) / 2);
    const again = Math.min(FIRST * 2 ** (this.#failures - 1), LAST);
    let delay = this.#failures > 0 ? again : due - now;
    // A state that fails to be renewed is told of when it ends.
    if (this.#failures > 0 && now < expiresAt) delay = Math.min(delay, expiresAt - now);
    if (!this.#auto) delay = expiresAt - now;
    if (!this.#auto && delay <= 0) return;
    this.#timer = setTimeout(this.#wake, Math.min(Math.max(delay, 0), LONGEST));
    // A process of Node need not wait for it.
    (this.#timer as { unref?: () => void }).unref?.();
  }

  /** A moment at which something may be due: a timer, a tab that is looked at again, a network that is back. */
  readonly #wake = (): void => {
    const session = this.#session;
    if (session === null || this.#ready === undefined) return;
    const now = this.#clock();
    const due = session.expiresAt - Math.min(this.#buffer, (session.expiresAt - session.issuedAt) / 2);
    if (this.#auto && now >= due) void this.renew(session).catch(() => {});
    else this.#changed(this.#state.error);
  };
}

function sameUser(one: SentinelUser | null, other: SentinelUser | null): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}
