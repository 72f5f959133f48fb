// The other tabs of this site: they are told of every change, and asked by a tab that knows nothing yet.
import { readSession, type Session } from "./session.js";

/** How long others are waited for; where there are any, they answer in a few milliseconds. */
const PATIENCE = 200;

type Message =
  | { readonly kind: "ask" }
  | { readonly kind: "session"; readonly session: unknown; readonly login: boolean }
  | { readonly kind: "ended"; readonly id: string };

export interface Heard {
  /** What this tab has. */
  current(): Session | null;
  session(session: Session, login: boolean): void;
  ended(id: string): void;
}

export class Tabs {
  readonly #name: string;
  readonly #heard: Heard;
  #channel: BroadcastChannel | undefined;
  /** Those who wait for an answer. */
  readonly #waiting = new Set<() => void>();

  constructor(name: string, heard: Heard) {
    this.#name = `sentinel:${name}`;
    this.#heard = heard;
  }

  open(): void {
    if (this.#channel !== undefined || typeof BroadcastChannel === "undefined") return;
    this.#channel = new BroadcastChannel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Message);
  }

  close(): void {
    this.#channel?.close();
    this.#channel = undefined;
  }

  tell(message: Message): void {
    this.#channel?.postMessage(message);
  }

  /** Asks the others for their session. Settles when what is heard is `enough`, or nobody knows more. */
  async ask(enough: () => boolean): Promise<void> {
    if (this.#channel === undefined) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(heard);
        resolve();
      };
      const heard = (): void => void (enough() && done());
      const timer = setTimeout(done, PATIENCE);
      this.#waiting.add(heard);
      this.tell({ kind: "ask" });
    });
  }

  #hear(message: Message): void {
    if (message.kind === "ask") {
      const session = this.#heard.current();
      if (session !== null) this.tell({ kind: "session", session, login: false });
      return;
    }
    if (message.kind === "session") {
      const session = readSession(message.session);
      if (session === null) return;
      this.#heard.session(session, message.login);
    } else if (message.kind === "ended") {
      this.#heard.ended(String(message.id));
    }
    for (const heard of [...this.#waiting]) heard();
  }

  /**
   * Runs `task` while no other tab does. `waited` says that one did until now: what it has come to may not have been heard
   * of yet. Without Web Locks nobody waits, which does no harm: the server answers a token that comes twice the same.
   */
  async alone<T>(task: (waited: boolean) => Promise<T>): Promise<T> {
    const locks = typeof navigator === "undefined" ? undefined : (navigator.locks as LockManager | undefined);
    if (this.#channel === undefined || locks === undefined) return task(false);
    let begun = false;
    const begin = (waited: boolean): Promise<T> => {
      begun = true;
      return task(waited);
    };
    try {
      const free = await locks.request(this.#name, { ifAvailable: true }, async (lock) =>
        lock === null ? undefined : { result: await begin(false) },
      );
      return free === undefined ? await locks.request(this.#name, () => begin(true)) : free.result;
    } catch (error) {
      // Where a page may have no locks it goes on without.
      if (begun) throw error;
      return task(false);
    }
  }
}
