import { type AsyncCheck, webCheck } from "../backends.js";
import type { Algorithm } from "../codes.js";
import { misconfigured, SentinelError, unavailable } from "../errors.js";
import { trusted } from "../fetched.js";
import { RemoteKeys } from "../jwks.js";
import type { OpenRevocationsOptions } from "../revocations/api.js";
import type * as api from "./api.js";
import { Follower } from "./follow.js";
import { type Challenge, type Held, Instance, Kind } from "./instance.js";
import { Memory } from "./known.js";
import { Source } from "./source.js";
import { type Listen, together } from "./tabs.js";

/** Asymmetric, of current strength, with one key size each (RFC 8725 §3.1, §3.2). */
const ALGORITHMS: readonly Algorithm[] = ["RS256", "PS256", "ES256", "ES384", "EdDSA", "Ed25519"];
const MOST_BYTES = 64 * 1024 * 1024;
/** A manifest and its frame, beside the body. */
const MANIFEST_BYTES = 64 * 1024;
const TIMEOUT = 10_000;
/** How often a bundle is begun again because the keys were replaced under it. */
const MOST_TRIES = 4;
/** No revision is asked for. */
const ANY_REVISION = -1;

/** Of revocations alone, or of a bundle of policy. */
type Options = OpenRevocationsOptions | api.OpenBundleOptions;

/** What differs between the places where this package runs. */
export interface Place {
  /** Whether a request may wait for what another one fetches: not so in Workers. */
  readonly shared: boolean;
}

/** A bundle over an instance of the module. It fetches and translates; the module decides. */
export class Bundle implements api.Bundle {
  readonly #instance: Instance;
  readonly #place: Place;
  readonly #clock: () => number;
  readonly #source: Source | undefined;
  readonly #remote: RemoteKeys | undefined;
  readonly #memory: Memory | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #stops = new Set<() => void>();
  /** Prepared keys, by key and algorithm, of one key set. */
  #checks = new Map<string, Promise<AsyncCheck | undefined>>();
  #generation = 0;
  #held: Held | undefined;
  #refreshing: Promise<boolean> | undefined;
  /** When the server was asked for what is held, or found it current, in milliseconds since the epoch. */
  heardAt = -Infinity;

  /** Opens a bundle: fetches it where it is at a URL, and takes it. */
  static async open(module: WebAssembly.Module, place: Place, options: Options, kind?: "revocations"): Promise<Bundle> {
    const bundle = new Bundle(module, place, options, kind);
    try {
      await bundle.#begin(options);
      return bundle;
    } catch (error) {
      bundle.close();
      throw error;
    }
  }

  private constructor(module: WebAssembly.Module, place: Place, options: Options, kind: "revocations" | undefined) {
    if (typeof options !== "object" || options === null) throw misconfigured("a bundle is opened with options");
    const { url, bytes, jwks, jwksUrl, headers, fetch, keysFetch, timeout = TIMEOUT, store, clock = Date.now, ...demands } = options;
    const { maxBytes = MOST_BYTES, algorithms = ALGORITHMS, ...rest } = demands;
    if ((url === undefined) === (bytes === undefined)) throw misconfigured("exactly one of url and bytes must be given");
    if ((jwks === undefined) === (jwksUrl === undefined)) throw misconfigured("exactly one of jwks and jwksUrl must be given");
    if (!(timeout > 0)) throw misconfigured("timeout must be milliseconds");
    this.#place = place;
    this.#clock = clock;
    this.#instance = new Instance(module);
    // Core judges the rest, and refuses what it does not know: a misspelt demand must not be none.
    const at = this.#instance.configure({ ...rest, kind, algorithms, bodyBytes: maxBytes });
    this.#memory = store === undefined ? undefined : new Memory(store, at);
    this.#source = url === undefined ? undefined : new Source(url, { headers, fetch, timeout, maxBytes: maxBytes + MANIFEST_BYTES });
    if (jwksUrl === undefined) {
      this.#instance.keys(new TextEncoder().encode(typeof jwks === "string" ? jwks : JSON.stringify(jwks)));
    } else {
      const settings = keysFetch === undefined ? { timeout } : { timeout, fetch: keysFetch };
      this.#remote = new RemoteKeys(jwksUrl, settings, clock, (document) => this.#instance.keys(document), place.shared);
    }
  }

  async #begin({ bytes }: Options): Promise<void> {
    if (this.#source === undefined) await this.#take(octets(bytes));
    else await this.#next();
  }

  check(question: api.BundleQuestion): boolean {
    const { user, relation, object, contextualTuples, context, atLeast } = asked(question);
    const revision = revisionOf(atLeast);
    if (typeof user !== "string" || typeof relation !== "string" || typeof object !== "string") {
      throw misconfigured("user, relation and object must be text");
    }
    const now = this.#now();
    if (contextualTuples === undefined && context === undefined) return this.#instance.check(object, relation, user, now, revision);
    return guarded(() => this.#instance.asks(Kind.Check, { user, relation, object, contextualTuples, context }, now, revision));
  }

  listObjects(question: api.BundleListQuestion): readonly string[] {
    const { user, relation, type, contextualTuples, context, atLeast } = asked(question);
    const about = { user, relation, type, contextualTuples, context };
    return guarded(() => this.#instance.list(Kind.ListObjects, about, this.#now(), revisionOf(atLeast)));
  }

  allows(role: string | null, action: string): boolean {
    return guarded(() => this.#instance.asks(Kind.Allows, { role, action }, this.#now(), ANY_REVISION));
  }

  hasAction(user: string, action: string): boolean {
    return guarded(() => this.#instance.asks(Kind.Allows, { user, action }, this.#now(), ANY_REVISION));
  }

  isRevoked(claims: api.RevocableClaims): boolean {
    return this.#revoked(claims, this.#now());
  }

  /** As `isRevoked`, when it was published: what was taken back then stays so, also after the bundle's end. */
  wasRevoked(claims: api.RevocableClaims): boolean {
    return this.#revoked(claims, this.issuedAt / 1000);
  }

  #revoked(claims: api.RevocableClaims, now: number): boolean {
    const { jti, sid, sub, wid, iat } = asked(claims);
    return guarded(() => this.#instance.asks(Kind.Revoked, { jti, sid, sub, wid, iat }, now, ANY_REVISION));
  }

  async refresh(): Promise<boolean> {
    if (this.#source === undefined) throw misconfigured("the bundle was given as bytes: apply takes another one");
    if (!this.#place.shared) return this.#next();
    return (this.#refreshing ??= this.#next().finally(() => (this.#refreshing = undefined)));
  }

  async apply(bytes: Uint8Array | ArrayBuffer): Promise<boolean> {
    return this.#take(octets(bytes));
  }

  follow(options: api.FollowOptions = {}): () => void {
    const source = this.#source;
    if (source === undefined) throw misconfigured("the bundle was given as bytes: there is nothing to follow");
    const { eventsUrl = beside(source.url), interval, tabs = false } = options;
    if (interval !== undefined && !(interval > 0)) throw misconfigured("interval must be milliseconds");
    const url = eventsUrl === null ? null : trusted(eventsUrl, "eventsUrl");
    const listen: Listen | undefined = url === null ? undefined : (signal, opened, changed) => source.events(url, signal, opened, changed);
    const follower = new Follower(
      {
        events: tabs && listen !== undefined ? together(`sentinel:events:${url}`, listen) : listen,
        refresh: () => this.refresh(),
        // Half of its life is left for what may go wrong.
        times: () => ({ renew: (this.issuedAt + this.notAfter) / 2, end: this.notAfter }),
        ended: () => this.#told(),
        now: this.#clock,
      },
      options,
    );
    const end = follower.start();
    const stop = (): void => {
      this.#stops.delete(stop);
      end();
    };
    this.#stops.add(stop);
    return stop;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  get revision(): number {
    return this.#current.revision;
  }

  get state(): string {
    return this.#current.state;
  }

  get issuedAt(): number {
    return this.#current.issuedAt;
  }

  get notAfter(): number {
    return this.#current.notAfter;
  }

  get memoryBytes(): number {
    return this.#instance.memoryBytes;
  }

  close(): void {
    for (const stop of [...this.#stops]) stop();
    this.#listeners.clear();
    this.#instance.close();
  }

  get #current(): Held {
    if (this.#held === undefined) throw new SentinelError("bundle_stale", "there is no bundle");
    return this.#held;
  }

  /** Fetches what follows what is held; all of it where that cannot be. */
  async #next(): Promise<boolean> {
    const before = this.#held;
    try {
      return await this.#fetched(before?.state);
    } catch (error) {
      const unfit = error instanceof SentinelError && (error.code === "bundle_stale" || error.code === "bundle_invalid");
      if (!unfit || before === undefined) throw error;
      // Where another request was faster, its answer is held already.
      if (this.#held !== before) return true;
      return this.#fetched(undefined);
    }
  }

  async #fetched(state: string | undefined): Promise<boolean> {
    const now = this.#clock();
    const answer = await this.#source!.bundle(state);
    const changed = answer !== null && (await this.#take(answer.frame));
    answer?.taken();
    this.heardAt = now;
    return changed;
  }

  /**
   * Takes a bundle. While the host's cryptography is waited for, others may use the module: nothing in it is relied on.
   *
   * INVARIANT: between `begin` and `finish` nothing is waited for, so what is finished is what was asked about.
   */
  async #take(frame: Uint8Array): Promise<boolean> {
    await this.#remote?.ready();
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      const challenge = await this.#challenge(frame);
      const { generation } = this.#instance;
      const check = await this.#checkOf(challenge);
      const holds = await check(challenge.data, challenge.signature).catch((cause: unknown) => {
        throw unavailable("the host's crypto failed", cause);
      });
      const known = (await this.#memory?.read()) ?? "";
      if (this.#instance.generation !== generation) continue;
      this.#instance.remember(known);
      this.#instance.begin(frame);
      const now = this.#now();
      const before = this.#held;
      const held = this.#instance.finish(now, holds === true);
      this.#held = held;
      // One that had ended answers again.
      if (before !== undefined && (held.changed || now * 1000 >= before.notAfter)) this.#told();
      if (held.known !== known) await this.#memory?.write(held.known);
      return before === undefined || held.changed;
    }
    throw unavailable("the keys changed again and again while a bundle was opened");
  }

  /** After an unknown key the keys are fetched again, where that is allowed. */
  async #challenge(frame: Uint8Array): Promise<Challenge> {
    try {
      return this.#instance.begin(frame);
    } catch (error) {
      const unknown = error instanceof SentinelError && error.code === "key_not_found";
      if (!unknown || this.#remote === undefined || !(await this.#remote.seek())) throw error;
      return this.#instance.begin(frame);
    }
  }

  async #checkOf({ key, algorithm }: Challenge): Promise<AsyncCheck> {
    if (this.#generation !== this.#instance.generation) {
      this.#generation = this.#instance.generation;
      this.#checks = new Map();
    }
    const subtle = globalThis.crypto?.subtle as SubtleCrypto | undefined;
    const lacking = (): SentinelError => new SentinelError("algorithm_unavailable", `${algorithm} cannot be verified in this environment`);
    if (subtle === undefined) throw lacking();
    const checks = this.#checks;
    const name = `${key} ${algorithm}`;
    let check = checks.get(name);
    if (check === undefined) {
      check = webCheck(subtle, algorithm, this.#instance.material(key));
      // In a Worker another request's promise may never settle.
      if (this.#place.shared) checks.set(name, check);
      // A host that failed once is asked again.
      check.catch(() => checks.delete(name));
    }
    const found = await check;
    if (found === undefined) throw lacking();
    return found;
  }

  #told(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /** In seconds. workerd's clock stands at 0 outside a request: a time that would make every bundle fresh tells nothing. */
  #now(): number {
    const now: unknown = this.#clock();
    return typeof now === "number" && now > 0 ? now / 1000 : Number.NaN;
  }
}

function asked<T>(question: T): T {
  if (typeof question !== "object" || question === null) throw misconfigured("the question must be an object");
  return question;
}

function revisionOf(atLeast: unknown): number {
  if (atLeast === undefined) return ANY_REVISION;
  if (typeof atLeast !== "number" || !Number.isSafeInteger(atLeast) || atLeast < 0) {
    throw misconfigured("atLeast must be a revision");
  }
  return atLeast;
}

/** What has no JSON refuses as everything else does. */
function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw cause instanceof SentinelError ? cause : unavailable("the question could not be read", cause);
  }
}

function octets(bytes: unknown): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  throw misconfigured("a bundle is bytes");
}

/** The events of the workspace whose bundle it is, at Sentinel's server. */
function beside(url: URL): URL | null {
  const workspace = /^.*\/bundles\/v1\/workspaces\/[^/]+/.exec(url.pathname)?.[0];
  return workspace === undefined ? null : new URL(`${workspace}/events`, url);
}
