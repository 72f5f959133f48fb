import type { ErrorCode } from "../codes.js";
import { SentinelError, unavailable } from "../errors.js";
import { bounded, free, trusted, within } from "../fetched.js";
import type { BundleHeaders } from "./api.js";

/** workerd knows no mode of caching, and has no cache that would be asked unbidden. */
const UNCACHED: RequestInit =
  (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent === "Cloudflare-Workers" ? {} : { cache: "no-store" };

export interface SourceOptions {
  readonly headers?: BundleHeaders | undefined;
  readonly fetch?: typeof fetch | undefined;
  readonly timeout: number;
  readonly maxBytes: number;
}

/** The server's side: bundles, deltas, and events that say that there is another one. */
export class Source {
  readonly url: URL;
  readonly #options: SourceOptions;
  readonly #fetch: typeof fetch;
  /** Of the last answer that was taken. */
  #etag: string | null = null;

  constructor(url: string | URL, options: SourceOptions) {
    this.url = trusted(url, "url");
    this.#options = options;
    this.#fetch = free(options.fetch);
  }

  /** What follows the state that is held, or all of it; null where the answer would be the same as before. */
  async bundle(state: string | undefined): Promise<{ frame: Uint8Array; taken: () => void } | null> {
    const url = new URL(this.url);
    if (state !== undefined) url.searchParams.set("since", state);
    const conditional: Record<string, string> = state === undefined || this.#etag === null ? {} : { "if-none-match": this.#etag };
    return this.#asked(url, { accept: "application/vnd.sentinel.bundle", ...conditional }, async (response) => {
      if (response.status === 304 && state !== undefined) return null;
      if (response.status !== 200) throw refused(response.status);
      const frame = await bounded(response, this.#options.maxBytes, "bundle", (why) => new SentinelError("bundle_invalid", why));
      const etag = response.headers.get("etag");
      return { frame, taken: () => (this.#etag = etag) };
    });
  }

  /** Reads events until they end: `changed` is called for each, `opened` once there may be some. */
  async events(url: URL, signal: AbortSignal, opened: () => void, changed: () => void): Promise<void> {
    const headers = { accept: "text/event-stream", ...(await this.#headers()) };
    const silence = new AbortController();
    const end = (): void => silence.abort();
    signal.addEventListener("abort", end);
    let timer = setTimeout(end, this.#options.timeout);
    try {
      const response = await this.#fetch(url.href, { ...UNCACHED, headers, redirect: "manual", signal: silence.signal });
      if (response.status !== 200 || response.body === null) {
        await response.body?.cancel();
        throw refused(response.status);
      }
      opened();
      const events = new Events(changed);
      const reader = response.body.getReader();
      for (;;) {
        clearTimeout(timer);
        timer = setTimeout(end, SILENCE);
        const { done, value } = await reader.read();
        if (done) return;
        events.read(value);
      }
    } catch (cause) {
      if (signal.aborted) return;
      throw cause instanceof SentinelError ? cause : unavailable("the events have broken off", cause);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      silence.abort();
    }
  }

  async #headers(): Promise<Readonly<Record<string, string>>> {
    const { headers } = this.#options;
    return typeof headers === "function" ? await headers() : (headers ?? {});
  }

  async #asked<T>(url: URL, headers: Record<string, string>, read: (response: Response) => Promise<T>): Promise<T> {
    const ask = async (signal: AbortSignal): Promise<T> => {
      const all = { ...headers, ...(await this.#headers()) };
      // A redirect would take the headers along, where a runtime does not hide it.
      const response = await this.#fetch(url.href, { ...UNCACHED, headers: all, redirect: "manual", signal });
      try {
        return await read(response);
      } finally {
        if (!response.bodyUsed) await response.body?.cancel();
      }
    };
    try {
      return await within(this.#options.timeout, "bundle", ask);
    } catch (cause) {
      throw cause instanceof SentinelError ? cause : unavailable("the bundle could not be fetched", cause);
    }
  }
}

/** The server writes something every 15 s. */
const SILENCE = 45_000;
/** Longest line of an event. */
const LINE = 16 * 1024;

/** Events as they are written (WHATWG HTML §9.2.6), as far as "something changed" needs it. */
class Events {
  readonly #changed: () => void;
  readonly #decoder = new TextDecoder();
  #rest = "";
  #name = "";
  #hasData = false;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  read(bytes: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.decode(bytes, { stream: true })).split("\n");
    this.#rest = lines.pop()!;
    if (this.#rest.length > LINE) throw unavailable("an event is longer than the limit");
    for (const line of lines) this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
  }

  #line(line: string): void {
    if (line === "") {
      if (this.#hasData && this.#name === "changed") this.#changed();
      this.#name = "";
      this.#hasData = false;
    } else if (line.startsWith("event:")) this.#name = line.slice(6).trim();
    else if (line.startsWith("data:")) this.#hasData = true;
  }
}

function refused(status: number): SentinelError {
  const code: ErrorCode = status === 401 ? "login_required" : status === 429 || status >= 500 ? "unavailable" : "request_refused";
  return new SentinelError(code, status === 0 ? "the answer is a redirect" : `the answer is ${status}`);
}
