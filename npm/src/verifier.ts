import type * as api from "./api.js";
import { type AsyncCheck, type Check, type HostCrypto, hostCheck, webCheck } from "./backends.js";
import { ALGORITHMS } from "./codes.js";
import { Desk, MOST_TRIES, unsettled } from "./desk.js";
import { type Engine, Status, Word } from "./engine.js";
import { misconfigured, SentinelError, unavailable } from "./errors.js";
import { RemoteKeys } from "./jwks.js";
import { Kept } from "./kept.js";
import { keysOf, type Setup, setupOf, Source, type TestSettings } from "./setup.js";
import { Reader, VerifiedToken } from "./token.js";

/** What an entry point found in its runtime. */
export interface Runtime {
  readonly engine: Engine;
  /** The host's synchronous crypto: asked first, where there is one. */
  readonly host?: HostCrypto | undefined;
  /** WebCrypto: asked by those who wait, where there is no synchronous one. */
  readonly subtle?: SubtleCrypto | undefined;
  /** Whether signatures may be verified inside the module. */
  readonly pure: boolean;
  /** Whether a request may wait for what another one fetches: not so in Workers. */
  readonly shared: boolean;
}

/** What a token pair needs of its verifiers, and nobody else may have. */
export let deskOf: (verifier: Verifier) => { desk: Desk; now: number };
/** The text of a token that this verifier has verified: with the keys it has now, or else again with them. */
export let textOf: (verifier: Verifier, verified: api.VerifiedToken) => string;

export class Verifier implements api.Verifier {
  static {
    deskOf = (verifier) => ({ desk: verifier.#desk, now: verifier.#now() });
    textOf = (verifier, verified) => {
      const text = verifier.#reader.textOf(verified);
      // What other keys once signed says nothing any more: a key may have been replaced because it leaked.
      if (!verifier.#reader.isCurrent(verified)) verifier.#settleSync(text);
      return text;
    };
  }

  readonly #runtime: Runtime;
  readonly #setup: Setup;
  readonly #test: TestSettings;
  readonly #desk: Desk;
  readonly #reader: Reader;
  readonly #remote: RemoteKeys | undefined;
  readonly #clock: () => number;
  readonly #revoked: api.VerifierOptions["revoked"];
  /** Prepared keys by key and algorithm, for one version of the desk. `null`: the host lacks it. */
  #checks: (Check | null)[] = [];
  #webChecks: Promise<AsyncCheck | undefined>[] = [];
  readonly #kept: Kept;
  #version = 0;

  constructor(runtime: Runtime, options: api.VerifierOptions, test: TestSettings = {}) {
    this.#runtime = runtime;
    this.#test = test;
    this.#setup = setupOf(options, test);
    this.#clock = options.clock ?? systemClock;
    this.#revoked = options.revoked;
    this.#desk = new Desk(runtime.engine, this.#setup, keysOf(options, this.#setup.algorithms, test));
    this.#reader = new Reader(
      (verified) => this.#desk._about({ token: textOf(this, verified) }, this.#now()) as api.Identity,
      () => this.#desk._replaced,
    );
    this.#kept = new Kept(this.#reader, this.#setup.cache);
    if ("jwksUrl" in options && options.jwksUrl !== undefined) {
      const source = test.secrets ? Source.JwksWithSecrets : Source.Jwks;
      const install = (bytes: Uint8Array) => this.#desk.install({ source, algorithm: 0, bytes });
      this.#remote = new RemoteKeys(options.jwksUrl, options.jwksOptions ?? {}, this.#clock, install, runtime.shared);
    }
  }

  async verify(token: string): Promise<VerifiedToken> {
    const remote = this.#remote;
    if (remote !== undefined && !remote.fresh) await remote.ready();
    let verified: VerifiedToken;
    try {
      verified = await this.#settle(token);
    } catch (error) {
      const unknown = error instanceof SentinelError && error.code === "key_not_found";
      if (remote === undefined || !unknown || !(await remote.seek())) throw error;
      verified = await this.#settle(token);
    }
    if (this.#revoked !== undefined) judge(await this.#asked(verified));
    return verified;
  }

  verifySync(token: string): VerifiedToken {
    if (this.#remote?.touch() === false) throw unavailable("the key set was not fetched yet: await ready() first");
    const verified = this.#settleSync(token);
    if (this.#revoked !== undefined) judge(this.#ask(verified));
    return verified;
  }

  async ready(): Promise<void> {
    await this.#remote?.ready();
  }

  decide(request: api.RouteRequest, verified: VerifiedToken | null, options?: api.DecideOptions): api.Decision {
    const token = SLIM || verified === null ? "" : (stillText(this, verified) ?? "");
    return this.#desk._about({ token }, this.#now(), request, options) as api.Decision;
  }

  updateKeys(source: api.KeySource): void {
    if (this.#remote !== undefined) throw misconfigured("keys from a URL cannot be replaced");
    const keys = keysOf(source, this.#setup.algorithms, this.#test);
    if (keys === undefined) throw misconfigured("updateKeys needs jwks, pem or secret");
    this.#desk.install(keys);
  }

  /** Accepts the token or throws, without waiting. */
  #settleSync(token: string): VerifiedToken {
    const { engine, host, pure } = this.#runtime;
    const desk = this.#desk;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      // Asked before anything is in the module: a clock is the caller's, and may use this verifier itself.
      const now = this.#now();
      const length = desk.write(checked(token));
      let status = !SLIM && host === undefined && pure ? desk.verify(length, now) : desk.begin(length, now);
      if (status === Status.SignatureNeeded) {
        const { record } = engine;
        const check = SLIM ? null : this.#check(record[Word.Key]!, record[Word.Algorithm]!);
        if (check !== null) {
          const data = engine.input.subarray(0, record[Word.SigningInput]!);
          const holds = asked(check, data, engine._bytes(Word.Signature));
          status = desk.finish(length, now, record[Word.Generation]!, holds);
        } else if (!SLIM && pure) {
          status = desk.verify(length, now);
        } else {
          throw lacking();
        }
      }
      if (status === Status.Accepted) return new VerifiedToken(token, this.#reader);
      if (status === Status.Recalled) return this.#recalled(token, length);
      if (status === Status.Refused) throw engine._refusal();
    }
    throw unsettled();
  }

  /** Accepts the token or throws. While it waits, other verifications may use the module: nothing in it is relied on. */
  async #settle(token: string): Promise<VerifiedToken> {
    const { engine, host, pure } = this.#runtime;
    if (!SLIM && host !== undefined) {
      try {
        return this.#settleSync(token);
      } catch (error) {
        // What the synchronous crypto lacks, WebCrypto may have.
        if (!(error instanceof SentinelError) || error.code !== "algorithm_unavailable") throw error;
      }
    }
    if (this.#runtime.subtle === undefined) return this.#settleSync(token);
    const desk = this.#desk;
    for (let tries = 0; tries < MOST_TRIES; tries += 1) {
      let now = this.#now();
      let length = desk.write(checked(token));
      let status = desk.begin(length, now);
      if (status === Status.SignatureNeeded) {
        const { record } = engine;
        const { _version: version } = desk;
        const generation = record[Word.Generation]!;
        const data = engine.input.slice(0, record[Word.SigningInput]!);
        const signature = engine._bytes(Word.Signature).slice();
        const check = await this.#webCheck(record[Word.Key]!, record[Word.Algorithm]!);
        if (check === undefined) {
          if (SLIM || !pure) throw lacking();
          return this.#settleSync(token);
        }
        const holds = await check(data, signature).catch(hostFailed);
        now = this.#now();
        length = desk.write(token);
        if (desk._version !== version) continue;
        status = desk.finish(length, now, generation, holds === true);
      }
      if (status === Status.Accepted) return new VerifiedToken(token, this.#reader);
      if (status === Status.Recalled) return this.#recalled(token, length);
      if (status === Status.Refused) throw engine._refusal();
    }
    throw unsettled();
  }

  #recalled(token: string, length: number): VerifiedToken {
    this.#refresh();
    const { engine } = this.#runtime;
    return this.#kept.at(engine.record[Word.Place]!, token, () => engine.text(length));
  }

  #ask(verified: VerifiedToken): unknown {
    try {
      return this.#revoked!(verified);
    } catch (cause) {
      throw untold(cause);
    }
  }

  async #asked(verified: VerifiedToken): Promise<unknown> {
    try {
      return await this.#revoked!(verified);
    } catch (cause) {
      throw untold(cause);
    }
  }

  #check(key: number, algorithm: number): Check | null {
    this.#refresh();
    const place = key * ALGORITHMS.length + algorithm;
    const known = this.#checks[place];
    if (known !== undefined) return known;
    let check: Check | null = null;
    try {
      if (!SLIM) check = hostCheck(this.#runtime.host!, ALGORITHMS[algorithm]!, this.#desk._material(key));
    } catch {
      // The host lacks it.
    }
    return (this.#checks[place] = check);
  }

  #webCheck(key: number, algorithm: number): Promise<AsyncCheck | undefined> {
    this.#refresh();
    const place = key * ALGORITHMS.length + algorithm;
    const checks = this.#webChecks;
    // A host that failed once is asked again by the next token.
    return (checks[place] ??= webCheck(this.#runtime.subtle!, ALGORITHMS[algorithm]!, this.#desk._material(key)).catch(
      (error: unknown) => {
        delete checks[place];
        throw error;
      },
    ));
  }

  /** INVARIANT: prepared keys and kept results belong to the keys that the module has now. */
  #refresh(): void {
    if (this.#version === this.#desk._version) return;
    this.#version = this.#desk._version;
    this.#checks = [];
    this.#webChecks = [];
    this.#kept.clear();
  }

  #now(): number {
    const now: unknown = this.#clock();
    // `null / 1000` would be 0: the time before which nothing has expired.
    return typeof now === "number" ? now / 1000 : Number.NaN;
  }
}

function checked(token: unknown): string {
  if (typeof token !== "string") throw new SentinelError("token_malformed", "the token is not a string");
  return token;
}

function asked(check: Check, data: Uint8Array, signature: Uint8Array): boolean {
  try {
    return check(data, signature) === true;
  } catch (cause) {
    return hostFailed(cause);
  }
}

function hostFailed(cause: unknown): never {
  throw unavailable("the host's crypto failed", cause);
}

/** As `textOf`; a token that the keys of now refuse is nobody's. One that this verifier never verified is a mistake. */
export function stillText(verifier: Verifier, verified: api.VerifiedToken): string | undefined {
  try {
    return textOf(verifier, verified);
  } catch (error) {
    if (!(error instanceof SentinelError) || error.code === "configuration_invalid") throw error;
    return undefined;
  }
}

/** Only a clear no lets a token pass. */
function judge(revoked: unknown): void {
  if (revoked === true) throw new SentinelError("token_revoked", "the token has been revoked");
  if (revoked === false) return;
  if (revoked instanceof Promise) revoked.catch(() => {});
  throw untold();
}

function untold(cause?: unknown): SentinelError {
  return unavailable("whether the token was revoked could not be told", cause);
}

function lacking(): SentinelError {
  return new SentinelError("algorithm_unavailable", "the algorithm is not available here");
}

/** The host's clock. workerd's stands at 0 outside a request: a time that would make every token fresh tells nothing. */
function systemClock(): number {
  const now = Date.now();
  return now > 0 ? now : Number.NaN;
}
