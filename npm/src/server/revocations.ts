// What the server took back, followed. The core reads the server's answers and says what they take back.
import type { VerifiedToken } from "../api.js";
import { misconfigured, SentinelError, unavailable } from "../errors.js";
import type { RevocationFeed } from "../revocations/api.js";
import type { RevocationOptions, Revocations } from "./api.js";
import { Remote } from "./remote.js";

/** Most answers in a row: a hundred thousand revocations. */
const ANSWERS = 100;

export function followRevocations(options: RevocationOptions): Revocations {
  const { every = 2_000, maxStale = 60_000, clock = Date.now, onError } = options;
  if (!(every > 0) || !(maxStale >= every)) throw misconfigured("every and maxStale must be milliseconds, maxStale the greater");
  const remote = new Remote(options.sentinelUrl, { "x-service-key": options.serviceKey }, options);
  let feed: RevocationFeed | undefined;
  let asOf: number | undefined;
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: Promise<void> | undefined;

  const catchUp = async (): Promise<void> => {
    // As of when it was asked: what was taken back while the answer was on its way is not in it.
    const now = clock();
    // Only who follows revocations needs the module.
    feed ??= await (await import("sentinel:own-revocations")).createRevocationFeed();
    for (let answers = 0; answers < ANSWERS; answers += 1) {
      const query = new URLSearchParams({ after: feed.after, ...(feed.epoch === undefined ? {} : { epoch: feed.epoch }) });
      const read = (response: Response): Promise<ArrayBuffer> => response.arrayBuffer();
      const answer = await remote.json({ method: "GET", path: `/revocations?${query}`, asks: true, read });
      if (!feed.read(new Uint8Array(answer as ArrayBuffer), now)) continue;
      asOf = now;
      return;
    }
    throw unavailable("there is no end to the revocations");
  };

  const plan = (): void => {
    if (closed) return;
    timer = setTimeout(() => void ask().catch(() => {}), every);
    // A process of Node need not wait for it.
    (timer as { unref?: () => void }).unref?.();
  };

  /** One at a time, however many wait for it. */
  const ask = (): Promise<void> => {
    clearTimeout(timer);
    return (asking ??= catchUp()
      .catch((error: unknown) => {
        const known = error instanceof SentinelError ? error : unavailable("the revocations cannot be read", error);
        onError?.(known);
        throw known;
      })
      .finally(() => {
        asking = undefined;
        plan();
      }));
  };

  /** A clock that went backwards makes it too old. */
  const fresh = (): boolean => {
    const age = asOf === undefined ? -1 : clock() - asOf;
    return age >= 0 && age < maxStale;
  };

  /** A token that could not be taken back, since it has no `jti`, counts as one that was. */
  const has = ({ claims }: VerifiedToken): boolean => {
    try {
      return feed!.isRevoked(claims);
    } catch (error) {
      if ((error as Partial<SentinelError> | undefined)?.code === "claim_missing") return true;
      throw error;
    }
  };

  const later = async (token: VerifiedToken): Promise<boolean> => {
    await ask().catch(() => {});
    if (!fresh()) throw unavailable("it cannot be told what was revoked");
    return has(token);
  };

  const ready = (): Promise<void> => (fresh() ? Promise.resolve() : ask());
  ready().catch(() => {});
  return {
    revoked: (token) => (fresh() ? has(token) : later(token)),
    ready,
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
