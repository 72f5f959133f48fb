// The server's own interface, as far as a browser speaks it.
import { SentinelError, misconfigured, unavailable } from "../errors.js";
import type { ClientOptions, Workspace } from "./api.js";
import { RequestError } from "./errors.js";
import { trustedUrl } from "./text.js";

export class Server {
  readonly base: string;
  readonly origin: string;
  readonly #fetch: typeof fetch;
  readonly #timeout: number;

  constructor({ sentinelUrl, fetch: fetch_, timeout = 10_000 }: ClientOptions) {
    const url = trustedUrl(sentinelUrl);
    if (url === undefined) throw misconfigured("sentinelUrl must be https, or http on this machine");
    this.origin = url.origin;
    this.base = url.origin + url.pathname.replace(/\/+$/, "");
    // Looked up with each call: others may replace the global one, and it must not be called as our method.
    this.#fetch = fetch_ ?? ((...request) => fetch(...request));
    this.#timeout = timeout;
  }

  /** JSON of the server, or of the provider's token endpoint; with a body it is posted. `read` takes something else of the answer. */
  async call<T = Record<string, unknown>>(
    path: string,
    body?: object,
    headers: Record<string, string> = {},
    read: (response: Response) => T | Promise<T> = (response) => response.json(),
  ): Promise<T> {
    const url = path.startsWith("/") ? this.base + path : path;
    const form = body instanceof URLSearchParams;
    const init: RequestInit = {
      headers: { accept: "application/json", ...headers },
      // Tokens are all that the server goes by, and none of them belongs in anyone's cache or behind a redirect.
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(this.#timeout),
    };
    if (body !== undefined) {
      init.method = "POST";
      init.body = form ? body : JSON.stringify(body);
      if (!form) init.headers = { ...init.headers, "content-type": "application/json" };
    }
    try {
      const response = await this.#fetch(url, init);
      if (!response.ok) throw new RequestError(response);
      return await read(response);
    } catch (error) {
      throw error instanceof SentinelError ? error : unavailable("the server cannot be reached", error);
    }
  }

  /** A request of the user's. */
  send(request: Request): Promise<Response> {
    return this.#fetch(request);
  }
}

export function text(value: unknown, name: string): string {
  if (typeof value !== "string" || value === "") throw unavailable(`the server's answer has no ${name}`);
  return value;
}

/** Milliseconds of a life in seconds. */
export function life(value: unknown): number {
  if (typeof value !== "number" || !(value > 0)) throw unavailable("the server's answer has no expires_in");
  return value * 1000;
}

export function workspaces(value: unknown): readonly Workspace[] {
  if (!Array.isArray(value)) throw unavailable("the server's answer has no workspaces");
  return value.map(({ id, name, slug, role }: Record<string, unknown>) => ({
    id: text(id, "id"),
    name: String(name),
    slug: String(slug),
    role: String(role),
  }));
}
