// What comes from a URL: from where it may, in time, and no more than the limit.
import { misconfigured, type SentinelError, unavailable } from "./errors.js";

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** https, or http to this machine; no credentials (RFC 8725 §3.10: keys come only from where they were configured). */
export function trusted(given: string | URL, name: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  const fits = url?.protocol === "https:" || (url?.protocol === "http:" && LOOPBACK.test(url.hostname));
  if (url === undefined || !fits || url.username || url.password) {
    throw misconfigured(`${name} must be https, or http to a loopback address, without credentials`);
  }
  return url;
}

/** Called without a receiver: Workers and browsers refuse a `fetch` with a foreign `this`. */
export const free =
  (given: typeof fetch | undefined): typeof fetch =>
  (input, init) =>
    (given ?? fetch)(input, init);

/** What `ask` answers within this many milliseconds. Where it fails, what it has begun is ended. */
export async function within<T>(timeout: number, what: string, ask: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable(`the ${what} was not answered in time`)), timeout);
  });
  try {
    return await Promise.race([ask(abort.signal), late]);
  } catch (cause) {
    abort.abort();
    throw cause;
  } finally {
    clearTimeout(timer);
  }
}

/** The body, read as a stream so that an endless one costs no more than the limit. */
export async function bounded(response: Response, most: number, what: string, tooLong: (message: string) => SentinelError): Promise<Uint8Array> {
  const over = (): SentinelError => tooLong(`the ${what} is longer than the limit`);
  if (Number(response.headers.get("content-length")) > most) throw over();
  if (response.body === null) throw unavailable(`the ${what} was answered with nothing`);
  const reader = response.body.getReader();
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.byteLength;
    if (length > most) {
      await reader.cancel();
      throw over();
    }
    chunks.push(value);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
