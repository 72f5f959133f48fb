// A service's requests to the server: bounded in time, and asked a second time where that does no harm.
import { RequestError } from "../client/errors.js";
import { trustedUrl } from "../client/text.js";
import { misconfigured, SentinelError, unavailable } from "../errors.js";
import { free } from "../fetched.js";
import type { ServerOptions } from "./api.js";

/** How long the second attempt waits, in milliseconds; a server that says `Retry-After` is believed within the timeout. */
const PAUSE = 100;

/** A request to the server. */
export interface Call {
  readonly method?: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether asking twice changes no more than asking once. */
  readonly asks: boolean;
  /** What is made of a good answer; otherwise its JSON. */
  readonly read?: (response: Response) => Promise<unknown>;
}

export class Remote {
  readonly base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #fetch: typeof fetch;
  readonly #timeout: number;

  constructor(url: string | URL, headers: Readonly<Record<string, string>>, options: Omit<ServerOptions, "sentinelUrl" | "serviceKey">) {
    const { plainHttp = false, timeout = 10_000, fetch: given } = options;
    const trusted = plainHttp && URL.canParse(url) && new URL(url).protocol === "http:" ? new URL(url) : trustedUrl(url);
    if (trusted === undefined) throw misconfigured("the server must be https, or http on this machine");
    if (trusted.username || trusted.password || trusted.search) throw misconfigured("the server's address has more than a path");
    if (!(timeout > 0)) throw misconfigured("timeout must be milliseconds");
    this.base = trusted.origin + trusted.pathname.replace(/\/+$/, "");
    this.#headers = headers;
    this.#fetch = free(given);
    this.#timeout = timeout;
  }

  /** The JSON of a good answer, `undefined` where it has none; or what `read` makes of it. */
  async json(call: Call): Promise<unknown> {
    const until = Date.now() + this.#timeout;
    try {
      return await this.#once(call, until);
    } catch (error) {
      const pause = call.asks ? pauseAfter(error) : undefined;
      if (pause === undefined || Date.now() + pause >= until) throw error;
      await new Promise((resolve) => setTimeout(resolve, pause));
      return this.#once(call, until);
    }
  }

  async #once({ method = "POST", path, body, headers = {}, read = (response) => response.json() }: Call, until: number): Promise<unknown> {
    const init: RequestInit = {
      method,
      headers: { accept: "application/json", ...this.#headers, ...headers, ...(body ? { "content-type": "application/json" } : {}) },
      // A key belongs behind no redirect. Workers know no other way to say so.
      redirect: "manual",
      signal: AbortSignal.timeout(Math.max(until - Date.now(), 1)),
    };
    if (body !== undefined) init.body = JSON.stringify(body);
    try {
      const response = await this.#fetch(this.base + path, init);
      if (!response.ok) throw new RequestError(response);
      return response.status === 204 ? undefined : await read(response);
    } catch (error) {
      throw error instanceof SentinelError ? error : unavailable("the server cannot be reached", error);
    }
  }
}

/** How long to wait before asking again; `undefined` where that would not help. */
function pauseAfter(error: unknown): number | undefined {
  if (!(error instanceof SentinelError) || error.code !== "unavailable") return undefined;
  if (!(error instanceof RequestError)) return PAUSE;
  if (![429, 502, 503, 504].includes(error.status)) return undefined;
  const said = Number(error.response.headers.get("retry-after") ?? 0);
  void error.response.body?.cancel();
  return said > 0 ? said * 1000 : PAUSE;
}

/** Whether the server says that there is none. */
export const isMissing = (error: unknown): boolean => error instanceof RequestError && error.status === 404;

/** What an answer has to have. */
export function held<T>(value: unknown, is: (value: unknown) => value is T, name: string): T {
  if (!is(value)) throw unavailable(`the server's answer has no ${name}`);
  return value;
}

export const isText = (value: unknown): value is string => typeof value === "string";
export const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
export const membersOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};

/** `note:7` as its type and id. */
export function partsOf(object: string): { readonly type: string; readonly id: string } {
  const at = object.indexOf(":");
  if (at < 1 || at === object.length - 1) throw misconfigured("an object is a type and an id with a colon between them");
  return { type: object.slice(0, at), id: object.slice(at + 1) };
}
