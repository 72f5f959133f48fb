// The public types of `sentinel-edge/client`, as they are published.
import type { SentinelError } from "../errors.js";

/** Who is logged in, as the server said it with the last tokens. For the user interface: the service decides. */
export interface SentinelUser {
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly workspaceId: string;
  readonly workspaceSlug: string;
  /** `owner`, `admin`, `editor` or `viewer`. */
  readonly workspaceRole: string;
  /** Ids of the user's groups in the workspace; empty in authz mode. */
  readonly groups: readonly string[];
  /** What the user's roles allow, e.g. `notes:export`. Null in proxy mode, where tokens do not say it. */
  readonly actions: readonly string[] | null;
  /** Of local accounts: what the user types to log in. */
  readonly username?: string;
  /** Of local accounts: how far services trust what the user asks them to do, 0 to 10. */
  readonly trustLevel?: number;
  /** Of local accounts: whether others know the PIN. Ask for another one, and keep the user from nothing. */
  readonly mustChangePin?: boolean;
}

/** A workspace to choose, and the user's role there. */
export interface Workspace {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly role: string;
}

/**
 * - `loading`: not known yet
 * - `authenticated`: `user` is logged in
 * - `unauthenticated`: nobody is; `error` says why where a session has just ended by itself
 * - `unavailable`: the tokens have expired and the server cannot be asked for others; it is asked again and again
 */
export type AuthStatus = "loading" | "authenticated" | "unauthenticated" | "unavailable";

/** What is known of the session. Never changed: another state is another object. */
export interface AuthState {
  readonly status: AuthStatus;
  /** Null unless `authenticated`. */
  readonly user: SentinelUser | null;
  /** Why the session has ended by itself, or why its last refresh did not succeed. */
  readonly error: SentinelError | null;
}

/** What the server answered to a login: where the user can go from here. */
export interface Arrival {
  /** By whom; empty where the user was not asked. */
  readonly provider: string;
  readonly workspaces: readonly Workspace[];
  /** A path of this site, whatever was in the address: safe to go to. */
  readonly returnTo: string;
}

/** Where tokens are kept: `Storage` has these. */
export interface TokenStore {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** What both modes need to be told. */
export interface ClientOptions {
  /** The server: https, or http on this machine. */
  readonly sentinelUrl: string | URL;
  /** Where a login comes back to; registered at the server, in authz mode at the provider. Default: `/auth/callback` here. */
  readonly redirectUri?: string;
  /** Who is sent tokens by `fetch`, by origin. Default: the page's own, and the server's. */
  readonly origins?: readonly string[];
  /**
   * Where tokens are kept. `memory` (the default) loses them with the last tab, `session` survives a reload, `local`
   * survives the browser. Scripts of the page can read the last two.
   */
  readonly storage?: "memory" | "session" | "local" | TokenStore;
  /** Whether tokens are replaced before they expire, without being asked for. Default true. */
  readonly autoRefresh?: boolean;
  /** How many seconds before. Default 60, in authz mode 30; at most half of a token's life. */
  readonly refreshBuffer?: number;
  /** Whether the tabs of this browser share a session: one login, one refresh, one logout. Default true in browsers. */
  readonly tabs?: boolean;
  /** Sets apart clients of one site that are not to share a session. */
  readonly name?: string;
  /** Longest wait for the server, in milliseconds. Default 10 s. */
  readonly timeout?: number;
  /** Leaves the page for a login. Default: `location.assign`. */
  readonly navigate?: (url: string) => void;
  /** The `fetch` to use. Default: the global one. */
  readonly fetch?: typeof fetch;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
}

/** A provider that a front end logs in at by itself. */
export interface IdpConfig {
  /** The front end's client id there. */
  readonly clientId?: string;
  /** The issuer, which an answer must name where it names one (RFC 9207). */
  readonly issuer?: string;
  readonly authorizationUrl?: string;
  /** With it the answer is a code, exchanged with PKCE; without it an ID token in the address's fragment. */
  readonly tokenUrl?: string;
  /** Default `openid email profile`. */
  readonly scope?: string;
  /** Further parameters of the authorization request. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The server exchanges the code, for providers without ID tokens. */
  readonly relay?: boolean;
}

/** Proxy mode. */
export interface AuthOptions extends ClientOptions {
  /**
   * Whether who is not logged in here, and has logged in at the server for another front end, is logged in without being
   * asked: the page is left for the server, which sends it back at once. At most once a minute in each tab. Default false.
   */
  readonly silent?: boolean;
}

/** Authz mode: the front end logs in at the provider, and has the provider's token judged by the server. */
export interface AuthzOptions extends ClientOptions {
  /** By the names that the server has for them. */
  readonly idps: Readonly<Record<string, IdpConfig>>;
}

/** What a login may be told. */
export interface LoginOptions {
  /** Where to go afterwards: a path of this site. Default: the page that `login` was called on. */
  readonly returnTo?: string;
}

/** `RequestInit`, and a body that becomes JSON. */
export interface JsonInit extends RequestInit {
  readonly json?: unknown;
}

/** What `SentinelAuth` and `SentinelAuthz` have in common. */
export interface SentinelClient {
  /** The server's address, without a slash at its end. */
  readonly sentinelUrl: string;
  /** Settles when it is known whether someone is logged in. */
  ready(): Promise<AuthState>;
  /** The state of this moment; the same object until it changes. */
  getState(): AuthState;
  /** Called after every change of the state. Returns how to end that. */
  subscribe(listener: () => void): () => void;
  /** Called with the user, or null, after every change. Returns how to end that. */
  onAuthStateChange(listener: (user: SentinelUser | null) => void): () => void;
  /** Whether someone is logged in and the tokens have not expired. */
  readonly isAuthenticated: boolean;
  /** Who that is. */
  getUser(): SentinelUser | null;
  /** The token that says what the user may do: access token, or authz token. Null when it has expired. */
  getToken(): string | null;
  /** The headers that `fetch` sends to the configured origins; empty while nobody is logged in. */
  getHeaders(): Promise<Readonly<Record<string, string>>>;
  /** The names of the providers that `login` takes. */
  getProviders(): Promise<readonly string[]>;
  /** Leaves the page for a login. */
  login(provider: string, options?: LoginOptions): Promise<void>;
  /**
   * Takes a login's answer out of the address: null where there is none. The second call for one answer, as React's strict
   * mode makes it, gets the first one's result. Refuses (`login_refused`) what this tab did not ask for.
   */
  handleCallback(url?: string): Promise<Arrival | null>;
  /** Ends the login that `handleCallback` took: the user is logged in. */
  selectWorkspace(workspaceId: string): Promise<SentinelUser>;
  /**
   * `fetch`, with tokens for the configured origins: refreshed where that is due, and once when the answer is 401.
   * Rejects with a `SentinelError` where tokens have expired and the server cannot be reached.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  /** The JSON of a good answer. Rejects with a `RequestError` for any other. */
  fetchJson<T = unknown>(input: RequestInfo | URL, init?: JsonInit): Promise<T>;
  /** Asks for new tokens now. Resolves to whether someone is logged in. */
  refresh(): Promise<boolean>;
  /** Logs out in every tab, at once. Resolves to whether the server has ended the session, too. */
  logout(): Promise<boolean>;
  /** Stops timers and listening; any later use starts them again. */
  destroy(): void;
}

/** What is asked of a decider. */
export interface Question {
  readonly user: SentinelUser;
  /** A relation or an action: `viewer`, `notes:export`. */
  readonly relation: string;
  /** `note:7`; null for an action that is about no object. */
  readonly object: string | null;
}

/** Answers what a user may do: the seam between the user interface and what knows the policy. */
export interface Decider {
  decide(question: Question): boolean | Promise<boolean>;
  /** Calls when earlier answers may no longer hold. Returns how to end that. */
  subscribe?(listener: () => void): () => void;
}
