// The public types of `sentinel-edge/next`, as they are published.
import type { DecidingBundle, TokenPair, Verifier } from "../api.js";

/** Who asks, as the proxy has verified it, half a minute ago at most. */
export interface SentinelUser {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly workspaceId: string;
  readonly workspaceSlug: string;
  readonly workspaceRole: string;
  readonly groups: readonly string[];
  readonly actions: readonly string[];
  /** The subject at the identity provider; empty unless a pair of tokens came. */
  readonly idpSubject: string;
  /** Who issued the token that says what the user may do. */
  readonly issuer: string;
}

/** A request as Next gives it to `proxy.ts`. */
export type ProxiedRequest = Request & {
  readonly nextUrl: {
    readonly pathname: string;
    readonly search: string;
    clone(): { pathname: string; search: string; readonly href: string };
  };
  readonly cookies: { get(name: string): { readonly value: string } | undefined };
};

/** How requests are judged. */
export interface SentinelProxyOptions {
  /** Of `createVerifier`, or for two tokens a request of `createTokenPair`. Its rules say what each route asks for. */
  readonly verifier: Verifier | TokenPair;
  /** Whether `verifier` is for two tokens. Default false. */
  readonly pair?: boolean;
  /** Where people are sent who have to log in; a rule must make it public. Default `/login`. */
  readonly loginPath?: string;
  /**
   * What the proxy proves to the application with who asks: 32 characters or more. Default: the environment's
   * `SENTINEL_PROXY_SECRET`, which the application reads in any case.
   */
  readonly secret?: string;
  /**
   * Of `followBundle`: decides rules that ask for a relation, and for an action where the token carries none, with no
   * question to the server, and refuses tokens that were taken back. What it cannot tell is answered with 503.
   */
  readonly bundle?: DecidingBundle;
}

/** What Next gives beside a request. */
export interface ProxyEvent {
  waitUntil(work: Promise<unknown>): void;
}

/** Who answers `can` from signed bundles: `followBundle` of `sentinel-edge/bundle` makes one. */
export interface AnsweringBundle {
  can(question: {
    readonly issuer: string;
    readonly userId: string;
    readonly workspaceId: string;
    readonly relation: string;
    readonly object: string;
  }): Promise<boolean>;
}

/** What `withAuth` asks for beside a user. */
export interface WithAuthOptions {
  /** At least this role. */
  readonly role?: string;
  /** Roles from the lowest to the highest. Default viewer, editor, admin, owner. */
  readonly roleOrder?: readonly string[];
}
