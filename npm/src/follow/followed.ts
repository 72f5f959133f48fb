import type { Decision, RouteRequest, TokenPair, VerifiedPair, VerifiedToken, Verifier } from "../api.js";
import type { Bundle, CanQuestion, FollowedBundle, FollowedBundleOptions, Later, OpenBundleOptions } from "../bundle/api.js";
import { registered } from "../bundle/registered.js";
import { codeOf, misconfigured, SentinelError, unavailable } from "../errors.js";
import { free, trusted, within } from "../fetched.js";
import { ask } from "./ask.js";
import { Renewed } from "./renewed.js";

/** Most workspaces whose bundles are held; of more, the one that was asked longest ago goes. */
const MOST = 32;
const MAX_AGE = 5_000;
const TIMEOUT = 10_000;
/** What somebody who knows more could answer. */
const OPEN = ["undecided", "bundle_stale", "unavailable", "budget_exceeded"];
/** Denials that a bundle may turn. */
const ASKED = ["relation_required", "action_required"];
/** The holders of this process, also where a module is loaded again or was bundled twice. */
const HOLDERS = Symbol.for("sentinel-edge.bundles");

type Open = (options: OpenBundleOptions) => Promise<Bundle>;

/** What is asked for twice is one holder. It begins with the first question: a build that only imports it has no settings. */
export function follow(options: FollowedBundleOptions, open: Open): FollowedBundle {
  const known = ((globalThis as { [HOLDERS]?: Map<string, Followed> })[HOLDERS] ??= new Map());
  const { store, fetch, keysFetch, clock, onError, openBundle, ...plain } = options ?? {};
  const name = JSON.stringify(plain);
  const holder = (): Followed => {
    const held = known.get(name) ?? new Followed(options, openBundle ?? open);
    known.set(name, held);
    return held;
  };
  return {
    decide: async (...asked) => holder().decide(...asked),
    can: async (...asked) => holder().can(...asked),
    of: async (...asked) => holder().of(...asked),
    close: () => {
      known.get(name)?.close();
      known.delete(name);
    },
  };
}

/** Whether a request may wait for what another one fetches: not so in Workers, nor in Next's edge runtime. */
const isShared = (): boolean =>
  typeof (globalThis as { EdgeRuntime?: unknown }).EdgeRuntime !== "string" && globalThis.navigator?.userAgent !== "Cloudflare-Workers";

class Followed implements FollowedBundle {
  readonly #options: FollowedBundleOptions;
  readonly #base: string;
  readonly #issuer: string;
  readonly #kept: (workspace: string) => Renewed;
  readonly #held = new Map<string, Renewed>();
  readonly #ask: ((relation: string, object: string, user: string) => Promise<boolean>) | undefined;

  constructor(options: FollowedBundleOptions, open: Open) {
    if (typeof options !== "object" || options === null) throw misconfigured("followBundle needs options");
    const { sentinelUrl, serviceName, serviceKey, workspaces, scope, ownTypes, maxAge = MAX_AGE, undecided = "deny", askUrl, onError, openBundle, ...rest } = options;
    const { issuer, timeout = TIMEOUT, clock = Date.now } = rest;
    if (typeof serviceName !== "string" || typeof serviceKey !== "string") throw misconfigured("serviceName and serviceKey must be text");
    if (!(maxAge > 0)) throw misconfigured("maxAge must be milliseconds");
    if (undecided !== "deny" && undecided !== "ask") throw misconfigured("undecided must be deny or ask");
    this.#options = options;
    this.#base = String(trusted(sentinelUrl, "sentinelUrl")).replace(/\/+$/, "");
    this.#issuer = issuer ?? this.#base;
    if (undecided === "ask") {
      // One address is of one store: another workspace's question must not be answered from it.
      if (workspaces?.length !== 1) throw misconfigured("undecided: \"ask\" is for one workspace");
      const url = trusted(askUrl ?? `${this.#base}/access/v1/evaluation`, "askUrl");
      this.#ask = (relation, object, user) =>
        within(timeout, "question", (signal) => ask(free(options.fetch), url, serviceKey, { relation, object, user }, signal));
    }
    this.#kept = (workspace) =>
      new Renewed({
        open: () =>
          open({
            jwksUrl: `${this.#base}/.well-known/jwks.json`,
            ...rest,
            issuer: this.#issuer,
            url: `${this.#base}/bundles/v1/workspaces/${encodeURIComponent(workspace)}/services/${encodeURIComponent(serviceName)}`,
            audience: serviceName,
            workspace,
            service: serviceName,
            headers: { "x-service-key": serviceKey },
          }),
        maxAge,
        clock,
        shared: isShared(),
        onError: (error) => onError?.(error),
      });
  }

  async of(workspace: string, later?: Later): Promise<Bundle> {
    const kept = this.#at(workspace);
    if (kept === undefined) throw new SentinelError("undecided", "the workspace is none of those that are followed");
    return kept.current(later);
  }

  async can({ issuer, userId, workspaceId, relation, object }: CanQuestion, later?: Later): Promise<boolean> {
    if (issuer !== this.#issuer) throw foreign();
    const kept = this.#at(workspaceId);
    if (kept === undefined) return false;
    const { serviceName, scope = serviceName, ownTypes = [] } = this.#options;
    const question = [relation, registered(scope, object, ownTypes), `user:${userId}`] as const;
    return this.#open(kept.current(later).then((bundle) => checked(bundle, ...question)), question);
  }

  async decide(
    verifier: Verifier | TokenPair,
    request: RouteRequest,
    verified: VerifiedToken | VerifiedPair | null,
    later?: Later,
  ): Promise<Decision> {
    const decide = (options?: Parameters<Verifier["decide"]>[2]): Decision => (verifier as Verifier).decide(request, verified as VerifiedToken, options);
    // What is open to everyone is so without a bundle, and what is denied for another reason than those that it knows of.
    const plain = decide();
    if (verified === null || plain.reason === "public" || !(plain.allow || ASKED.includes(plain.reason))) return plain;
    const { claims } = "authorizationToken" in verified ? verified.authorizationToken : verified;
    // A `sub` is unique only within its issuer: another's user of the same name is somebody else.
    if (claims.iss !== this.#issuer) {
      const relations = (): never => {
        throw foreign();
      };
      return decide({ relations });
    }
    const { workspaceId } = verified.identity;
    const kept = workspaceId === undefined ? undefined : this.#at(workspaceId);
    if (kept === undefined) return decide({ relations: () => false });
    const { bundle, stale } = await this.#unlessRevoked(kept, claims, later);
    const known = new Map<string, boolean>();
    for (;;) {
      let open: readonly [string, string, string] | undefined;
      try {
        const decision = decide({
          relations: (...asked) => {
            const answer = known.get(asked.join("\n"));
            if (answer !== undefined) return answer;
            open = asked;
            return checked(bundle, ...asked);
          },
          actions: (action, user) => {
            open = undefined;
            if (bundle === undefined) throw stale;
            return bundle.hasAction(user, action);
          },
        });
        // Nobody was asked who knows what was taken back since.
        if (stale !== undefined && decision.allow && known.size === 0) throw stale;
        return decision;
      } catch (error) {
        if (open === undefined || error === stale) throw error;
        known.set(open.join("\n"), await this.#open(Promise.reject(error), open));
      }
    }
  }

  close(): void {
    for (const kept of this.#held.values()) kept.close();
    this.#held.clear();
  }

  /** The bundle of now. What it lists as taken back stays so also after its end, whoever else may be asked. */
  async #unlessRevoked(kept: Renewed, claims: VerifiedToken["claims"], later?: Later): Promise<{ bundle?: Bundle; stale?: unknown }> {
    const judge = (revoked: boolean): void => {
      if (revoked) throw new SentinelError("token_revoked", "the token has been revoked");
    };
    let bundle: Bundle | undefined;
    try {
      bundle = await kept.current(later);
      judge(bundle.isRevoked(claims));
      return { bundle };
    } catch (stale) {
      if (this.#ask === undefined || !isOpen(stale)) throw stale;
      if (bundle === undefined) return { stale };
      judge(bundle.wasRevoked(claims));
      return { bundle, stale };
    }
  }

  /** An answer, or what the server says where there is none. */
  async #open(answer: Promise<boolean>, question: readonly [string, string, string]): Promise<boolean> {
    try {
      return await answer;
    } catch (error) {
      if (this.#ask === undefined || !isOpen(error)) throw error;
      return this.#ask(...question);
    }
  }

  /** What is held of a workspace that is followed. */
  #at(workspace: string): Renewed | undefined {
    const { workspaces } = this.#options;
    if (workspaces !== undefined && !workspaces.includes(workspace)) return undefined;
    const kept = this.#held.get(workspace) ?? this.#kept(workspace);
    // What was asked last stands last.
    this.#held.delete(workspace);
    this.#held.set(workspace, kept);
    if (this.#held.size > MOST) {
      const [oldest, gone] = this.#held.entries().next().value!;
      this.#held.delete(oldest);
      gone.close();
    }
    return kept;
  }
}

function checked(bundle: Bundle | undefined, relation: string, object: string, user: string): boolean {
  if (bundle === undefined) throw unavailable("the bundle could not be had");
  return bundle.check({ user, relation, object });
}

const isOpen = (error: unknown): boolean => OPEN.includes(codeOf(error) ?? "");

const foreign = (): SentinelError => new SentinelError("undecided", "the bundle is of another issuer's users");
