import type { RemoteOptions } from "./api.js";
import { misconfigured, SentinelError, unavailable } from "./errors.js";
import { bounded, free, trusted, within } from "./fetched.js";

/** What the endpoint's headers may ask for: at least a minute, at most a day; ten minutes when they say nothing. */
const FRESH = { least: 60_000, most: 86_400_000, unsaid: 600_000 };
/** An unknown `kid` is free for an attacker to invent: it causes at most one request in this time. */
const UNKNOWN_KEY_INTERVAL = 30_000;
/** Failed requests are repeated after 1, 2, 4 … 30 s. */
const RETRY = { first: 1_000, most: 30_000 };
/** As `Limits::jwks_bytes` in core. */
const MOST_BYTES = 512 * 1024;
const MOST_REDIRECTS = 2;
const JSON_TYPE = /^(application\/json|application\/[\w.+-]+\+json|text\/json)\s*(;|$)/i;

/**
 * A key set behind a URL.
 *
 * INVARIANT: only a document that `install` took becomes the one in use, and
 * none is in use longer than its freshness plus `staleFor`.
 */
export class RemoteKeys {
  readonly #url: URL;
  readonly #timeout: number;
  readonly #staleFor: number;
  readonly #fetch: typeof fetch;
  #installed: Uint8Array | undefined;
  #fetchedAt = 0;
  #freshUntil = -Infinity;
  #failures = 0;
  #failedAt = -Infinity;
  #soughtAt = -Infinity;
  #pending: Promise<void> | undefined;

  constructor(
    url: string | URL,
    options: RemoteOptions,
    readonly _clock: () => number,
    /** Takes a document into use; throws when it is not a key set. */
    readonly _install: (document: Uint8Array) => void,
    /** Whether a request's promise may be awaited by another request: not so in Workers. */
    readonly _shared: boolean,
  ) {
    this.#url = trusted(url, "jwksUrl");
    const { timeout = 5_000, staleFor = 86_400_000, fetch: given, ...unknown } = options;
    // A misspelt `staleFor: 0` must not be a day.
    if (Object.keys(unknown).length > 0) throw misconfigured("jwksOptions has an unknown member");
    if (!(timeout > 0) || !(staleFor >= 0)) throw misconfigured("timeout and staleFor must be milliseconds");
    this.#timeout = timeout;
    this.#staleFor = staleFor;
    this.#fetch = free(given);
  }

  /** Whether the keys at hand are fresh. A clock that went backwards makes them stale. */
  get fresh(): boolean {
    const now = this._clock();
    return now < this.#freshUntil && now >= this.#fetchedAt;
  }

  /** Whether the keys at hand may be used at all. */
  get usable(): boolean {
    return this.#installed !== undefined && this._clock() < this.#freshUntil + this.#staleFor;
  }

  /** Resolves when there are keys that may be used, fetching them when that is due. */
  async ready(): Promise<void> {
    if (this.fresh) return;
    if (this.#backingOff) {
      if (this.usable) return;
      throw unavailable("the key set is not tried again yet");
    }
    try {
      await this.#refresh();
    } catch (error) {
      if (!this.usable) throw error;
    }
  }

  /** For callers that cannot wait: starts what is due, and says whether there are keys to use meanwhile. */
  touch(): boolean {
    if (!this.fresh) this.ready().catch(() => {});
    return this.usable;
  }

  /** After an unknown key: fetches again, at most once in 30 s. Resolves to whether that was done. */
  async seek(): Promise<boolean> {
    if (this.#pending === undefined || !this._shared) {
      const since = this._clock() - this.#soughtAt;
      if ((since >= 0 && since < UNKNOWN_KEY_INTERVAL) || this.#backingOff) return false;
      this.#soughtAt = this._clock();
    }
    return this.#refresh().then(() => true, () => false);
  }

  get #backingOff(): boolean {
    const since = this._clock() - this.#failedAt;
    return this.#failures > 0 && since >= 0 && since < Math.min(RETRY.first * 2 ** (this.#failures - 1), RETRY.most);
  }

  #refresh(): Promise<void> {
    if (this.#pending !== undefined && this._shared) return this.#pending;
    const pending = this.#load().finally(() => {
      if (this.#pending === pending) this.#pending = undefined;
    });
    return (this.#pending = pending);
  }

  async #load(): Promise<void> {
    try {
      const { document, fresh } = await within(this.#timeout, "key set", (signal) => this.#request(signal));
      if (!same(document, this.#installed)) this._install(document);
      this.#installed = document;
      this.#fetchedAt = this._clock();
      this.#freshUntil = this.#fetchedAt + fresh;
      this.#failures = 0;
    } catch (error) {
      this.#failures += 1;
      this.#failedAt = this._clock();
      throw error instanceof SentinelError && error.code === "unavailable"
        ? error
        : unavailable("the key set could not be fetched", error);
    }
  }

  async #request(signal: AbortSignal): Promise<{ document: Uint8Array; fresh: number }> {
    const response = await this.#follow(signal);
    if (response.status !== 200) throw unavailable(`the key set was answered with status ${response.status}`);
    if (!JSON_TYPE.test(response.headers.get("content-type") ?? "")) {
      throw unavailable("the key set is not JSON");
    }
    return { document: await bounded(response, MOST_BYTES, "key set", unavailable), fresh: freshness(response.headers) };
  }

  /** `redirect: "manual"` is the one mode that every runtime has; a browser hides the target, which refuses it. */
  async #follow(signal: AbortSignal): Promise<Response> {
    let url = this.#url;
    for (let hops = 0; ; hops += 1) {
      const response = await this.#fetch(url.href, {
        redirect: "manual",
        signal,
        headers: { accept: "application/jwk-set+json, application/json" },
      });
      const moved = response.type === "opaqueredirect" || (response.status >= 300 && response.status < 400);
      if (!moved) return response;
      await response.body?.cancel();
      const location = response.headers.get("location");
      const target = location === null ? undefined : new URL(location, url);
      if (hops === MOST_REDIRECTS || target?.origin !== url.origin || target.username || target.password) {
        throw unavailable("the key set was redirected elsewhere");
      }
      url = target;
    }
  }
}

/** How long the answer says it stays fresh (RFC 9111 §4.2: `max-age` less `Age`), within our bounds. */
function freshness(headers: Headers): number {
  const control = headers.get("cache-control") ?? "";
  if (/\bno-(store|cache)\b/i.test(control)) return FRESH.least;
  const age = /(?:^|[\s,])max-age="?(\d+)/i.exec(control)?.[1];
  if (age === undefined) return FRESH.unsaid;
  const left = (Number(age) - (Number(headers.get("age")) || 0)) * 1000;
  return Math.min(Math.max(left, FRESH.least), FRESH.most);
}

function same(one: Uint8Array, other: Uint8Array | undefined): boolean {
  return one.byteLength === other?.byteLength && one.every((byte, index) => byte === other[index]);
}
