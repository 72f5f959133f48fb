// What the server took back, followed. As `core/src/revocation/feed.rs` has it.
import type { VerifiedToken } from "../api.js";
import { misconfigured, SentinelError, unavailable } from "../errors.js";
import type { RevocationOptions, Revocations } from "./api.js";
import { held, isList, isText, membersOf, Remote } from "./remote.js";

/** As many as the server puts into one answer: with so many there are more. */
const PAGE = 1000;
/** Most answers in a row: a hundred thousand revocations. */
const ANSWERS = 100;
/** The greatest leeway of a verifier: for so long a token may be accepted after its end. */
const LEEWAY = 300_000;

const isNumber = (value: unknown): value is number => Number.isSafeInteger(value);

/** A feed that was read until some place. */
class Feed {
  epoch: string | undefined;
  last = 0;
  /** `token t1`, `session s1`: until when a token that it concerns can be alive, in milliseconds since 1970. */
  readonly #exact = new Map<string, number>();
  /** `user u1` and the like: the second before which tokens are void, and until when, as above. */
  readonly #before = new Map<string, readonly [number, number]>();

  /** Takes in one answer; whether it was the last one for now. Where it cannot be read nothing of it is taken. */
  read(answer: unknown): boolean {
    const { epoch, last, revocations } = membersOf(answer);
    const next = [held(epoch, isText, "epoch"), held(last, isNumber, "last")] as const;
    const entries = held(revocations, isList, "revocations").map((one) => {
      const { kind, value, at, expires_at } = membersOf(one);
      const entry = { kind, name: `${kind} ${held(value, isText, "value")}`, at: held(at, isNumber, "at") };
      // What a kind that is not known takes back must not pass.
      if (!KINDS.includes(String(kind))) throw unavailable("the revocations have a kind that is not known");
      return { ...entry, until: held(expires_at, isNumber, "expires_at") };
    });
    for (const { kind, name, at, until } of entries) {
      if (kind === "token" || kind === "session") {
        this.#exact.set(name, Math.max(until, this.#exact.get(name) ?? 0));
      } else {
        // `iat` has whole seconds: a token of the same second may be older.
        const [before, held] = this.#before.get(name) ?? [0, 0];
        this.#before.set(name, [Math.max(Math.ceil(at / 1000), before), Math.max(until, held)]);
      }
    }
    [this.epoch, this.last] = next;
    return entries.length < PAGE;
  }

  /** Forgets what cannot concern any token that is still accepted. */
  forget(now: number): void {
    for (const [name, until] of this.#exact) if (until <= now - LEEWAY) this.#exact.delete(name);
    for (const [name, [, until]] of this.#before) if (until <= now - LEEWAY) this.#before.delete(name);
  }

  /** Whether a token was taken back, or could not be: without `jti`, or where its time counts `iat`. */
  has({ claims }: VerifiedToken): boolean {
    const { jti, sid, sub = "", wid, iat } = claims;
    if (jti === undefined) return true;
    if (this.#exact.has(`token ${jti}`) || (isText(sid) && this.#exact.has(`session ${sid}`))) return true;
    const workspace = isText(wid) ? wid : "";
    const names = [`member ${sub}/${workspace}`, `user ${sub}`, `workspace ${workspace}`, "all "];
    const before = Math.max(...names.map((name) => this.#before.get(name)?.[0] ?? -Infinity));
    return before !== -Infinity && (iat === undefined || iat < before);
  }
}

const KINDS = ["token", "session", "user", "member", "workspace", "all"];

export function followRevocations(options: RevocationOptions): Revocations {
  const { every = 2_000, maxStale = 60_000, clock = Date.now, onError } = options;
  if (!(every > 0) || !(maxStale >= every)) throw misconfigured("every and maxStale must be milliseconds, maxStale the greater");
  const remote = new Remote(options.sentinelUrl, { "x-service-key": options.serviceKey }, options);
  const feed = new Feed();
  let asOf: number | undefined;
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: Promise<void> | undefined;

  const catchUp = async (): Promise<void> => {
    // As of when it was asked: what was taken back while the answer was on its way is not in it.
    const now = clock();
    for (let answers = 0; answers < ANSWERS; answers += 1) {
      const query = new URLSearchParams({ after: String(feed.last), ...(feed.epoch === undefined ? {} : { epoch: feed.epoch }) });
      if (!feed.read(await remote.json({ method: "GET", path: `/revocations?${query}`, asks: true }))) continue;
      asOf = now;
      feed.forget(now);
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

  const later = async (token: VerifiedToken): Promise<boolean> => {
    await ask().catch(() => {});
    if (!fresh()) throw unavailable("it cannot be told what was revoked");
    return feed.has(token);
  };

  const ready = (): Promise<void> => (fresh() ? Promise.resolve() : ask());
  ready().catch(() => {});
  return {
    revoked: (token) => (fresh() ? feed.has(token) : later(token)),
    ready,
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}
