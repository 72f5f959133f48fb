import type { Bundle } from "../bundle/api.js";
import { registered } from "../bundle/registered.js";
import type { Question, SentinelClient, SentinelUser } from "../client/api.js";
import { SentinelError } from "../client/index.js";
import type * as api from "./api.js";

/** For whom slices are. */
const AUDIENCE = "sentinel:slice";
/** Longest slice that is taken, in bytes: a user of a large workspace has some kilobytes. */
const MOST_BYTES = 4 * 1024 * 1024;
/** How soon a slice that could not be had is asked for again, in milliseconds. */
const AGAIN = 2_000;

type Open = NonNullable<api.SliceOptions["openBundle"]>;

/** The slice of one user in one workspace. */
class Slice {
  readonly key: string;
  readonly opened: Promise<Bundle>;
  bundle: Bundle | undefined;
  #closed = false;
  #stop: (() => void) | undefined;

  constructor(key: string, open: () => Promise<Bundle>, arrived: (slice: Slice) => void, failed: (slice: Slice, error: unknown) => void) {
    this.key = key;
    this.opened = open().then((bundle) => {
      if (this.#closed) bundle.close();
      else {
        this.bundle = bundle;
        arrived(this);
      }
      return bundle;
    });
    this.opened.catch((error: unknown) => failed(this, error));
  }

  get follows(): boolean {
    return this.#stop !== undefined;
  }

  follow(options: Parameters<Bundle["follow"]>[0]): void {
    this.#stop ??= this.bundle?.follow(options);
  }

  rest(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#stop = undefined;
    this.bundle?.close();
  }
}

/** A decider over the slice of whoever asks; the slice of another user, or of nobody, is gone at once. */
export class SliceDecider implements api.SliceDecider {
  readonly #client: SentinelClient;
  readonly #options: api.SliceOptions;
  readonly #open: Open;
  readonly #listeners = new Set<() => void>();
  #slice: Slice | undefined;
  #failed: { readonly key: string; readonly at: number; readonly error: unknown } | undefined;
  #unsubscribe: (() => void) | undefined;

  constructor(client: SentinelClient, options: api.SliceOptions, open: Open) {
    this.#client = client;
    this.#options = options;
    this.#open = options.openBundle ?? open;
    // Used as functions, by React and others.
    this.decide = this.decide.bind(this);
    this.subscribe = this.subscribe.bind(this);
  }

  async decide(question: Question): Promise<boolean> {
    const { about, fallback } = this.#options;
    try {
      const bundle = await this.#current(question.user);
      const { relation, object } = about?.(question) ?? this.#registered(question);
      if (object === null) return bundle.allows(null, relation);
      return bundle.check({ user: userOf(question.user), relation, object });
    } catch (cause) {
      if (fallback === "deny") return false;
      if (fallback !== undefined) return (await fallback.decide(question)) === true;
      throw ours(cause);
    }
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    // Whoever has logged out leaves nothing behind.
    this.#unsubscribe ??= this.#client.subscribe(() => {
      const user = this.#client.getState().user;
      if (this.#slice !== undefined && (user === null || keyOf(user) !== this.#slice.key)) this.#drop();
    });
    if (this.#slice?.bundle !== undefined) this.#follow(this.#slice);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
      this.#slice?.rest();
    };
  }

  close(): void {
    this.#listeners.clear();
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#drop();
  }

  /** The slice of this user, as new as it has to be. */
  async #current(user: SentinelUser): Promise<Bundle> {
    const key = keyOf(user);
    if (this.#slice?.key !== key) {
      this.#drop();
      // Every question of a page would ask again otherwise.
      const failed = this.#failed;
      if (failed?.key === key && Math.abs(Date.now() - failed.at) < AGAIN) throw failed.error;
      this.#slice = this.#begin(user, key);
    }
    const slice = this.#slice;
    const bundle = await slice.opened;
    if (!slice.follows && Date.now() >= (bundle.issuedAt + bundle.notAfter) / 2) {
      await bundle.refresh().catch((error: unknown) => this.#tell(error));
    }
    return bundle;
  }

  #begin(user: SentinelUser, key: string): Slice {
    const { issuer, algorithms, store } = this.#options;
    const base = String(this.#options.sentinelUrl ?? this.#client.sentinelUrl).replace(/\/+$/, "");
    const open = async (): Promise<Bundle> =>
      this.#open({
        url: `${base}/bundles/v1/workspaces/${encodeURIComponent(user.workspaceId)}/me`,
        issuer: issuer ?? base,
        audience: AUDIENCE,
        workspace: user.workspaceId,
        user: userOf(user),
        jwksUrl: `${base}/.well-known/jwks.json`,
        maxBytes: MOST_BYTES,
        // With the user's tokens, refreshed where that is due.
        fetch: (input, init) => this.#client.fetch(input, init),
        ...(algorithms === undefined ? {} : { algorithms }),
        ...(store === undefined ? {} : { store }),
      });
    const arrived = (slice: Slice): void => {
      slice.bundle!.subscribe(() => this.#changed());
      if (this.#listeners.size > 0) this.#follow(slice);
    };
    const failed = (slice: Slice, error: unknown): void => {
      if (this.#slice !== slice) return;
      this.#slice = undefined;
      this.#failed = { key, at: Date.now(), error };
      this.#tell(error);
    };
    return new Slice(key, open, arrived, failed);
  }

  #follow(slice: Slice): void {
    const { interval } = this.#options;
    slice.follow({ tabs: true, onError: (error) => this.#tell(error), ...(interval === undefined ? {} : { interval }) });
  }

  #drop(): void {
    this.#slice?.close();
    this.#slice = undefined;
  }

  #changed(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  #tell(error: unknown): void {
    try {
      this.#options.onError?.(error);
    } catch {
      // Whoever is told must not end the telling.
    }
  }

  #registered({ relation, object }: Question): { relation: string; object: string | null } {
    const { service } = this.#options;
    return { relation, object: service === undefined || object === null ? object : registered(service, object) };
  }
}

const userOf = ({ userId }: SentinelUser): string => `user:${userId}`;

const keyOf = ({ userId, workspaceId }: SentinelUser): string => JSON.stringify([workspaceId, userId]);

/** By its name: the class of another entry point's errors is another one. */
function ours(cause: unknown): unknown {
  const { name, code, message } = (cause ?? {}) as { name?: unknown; code?: SentinelError["code"]; message?: string };
  if (cause instanceof SentinelError || name !== "SentinelError" || typeof code !== "string") return cause;
  return new SentinelError(code, String(message), undefined, { cause });
}
