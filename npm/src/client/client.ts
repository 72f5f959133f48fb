import { SentinelError, misconfigured, unavailable } from "../errors.js";
import type {
  Arrival,
  AuthOptions,
  AuthState,
  AuthzOptions,
  ClientOptions,
  JsonInit,
  LoginOptions,
  SentinelClient,
  SentinelUser,
} from "./api.js";
import { authzMode } from "./authz.js";
import { isPassing, loginRefused, loginRequired, RequestError } from "./errors.js";
import { Keeper } from "./keeper.js";
import { localMode, newPin, pinLogin, refreshed } from "./local.js";
import { ANSWER, type Grant, type Landing, type Mode } from "./mode.js";
import { proxyMode } from "./proxy.js";
import { Server } from "./server.js";
import type { Session } from "./session.js";
import { Departures, SessionStore, Silence } from "./store.js";
import { random, safeReturnPath, trustedUrl } from "./text.js";

/** Both modes. On a server it can be made and asked, and touches nothing of a browser. */
class Client implements SentinelClient {
  readonly #mode: Mode;
  readonly #server: Server;
  readonly #options: AuthOptions;
  readonly #clock: () => number;
  readonly #keeper: Keeper;
  readonly #departures: Departures;
  readonly #silence: Silence;
  readonly #origins: ReadonlySet<string>;
  /** The answer that was taken out of the address, until its login has ended. */
  #arrival: { readonly url: string; readonly promise: Promise<Arrival> } | undefined;
  #landing: Landing | undefined;
  #choosing: Promise<SentinelUser> | undefined;
  /** Tokens that came because of a 401 and have met nothing else since: they are not replaced for another one. */
  #doubted: Session | null = null;

  constructor(options: AuthOptions, mode: (server: Server, clock: () => number) => Mode) {
    this.#options = options;
    this.#server = new Server(options);
    this.#clock = options.clock ?? Date.now;
    this.#mode = mode(this.#server, this.#clock);
    const key = [this.#mode.name, this.#server.base, ...(options.name ? [options.name] : [])].join(":");
    const depart = options.silent ? () => this.#tryOnce() : undefined;
    this.#keeper = new Keeper(this.#mode, new SessionStore(options.storage, key), key, this.#clock, options, depart);
    this.#departures = new Departures(key);
    this.#silence = new Silence(key);
    this.#origins = new Set(options.origins?.map(originOf) ?? [...here(), this.#server.origin]);
  }

  get sentinelUrl(): string {
    return this.#server.base;
  }

  async ready(): Promise<AuthState> {
    await this.#keeper.ready();
    return this.#keeper.state;
  }

  readonly getState = (): AuthState => this.#keeper.state;

  readonly subscribe = (listener: () => void): (() => void) => this.#keeper.subscribe(listener);

  onAuthStateChange(listener: (user: SentinelUser | null) => void): () => void {
    return this.subscribe(() => listener(this.getState().user));
  }

  get isAuthenticated(): boolean {
    return this.#keeper.live !== null;
  }

  getUser(): SentinelUser | null {
    return this.#keeper.live?.user ?? null;
  }

  getToken(): string | null {
    const session = this.#keeper.live;
    return session && this.#mode.token(session.tokens);
  }

  async getHeaders(): Promise<Readonly<Record<string, string>>> {
    const session = await this.#keeper.fresh();
    return session === null ? {} : this.#mode.headers(session.tokens);
  }

  getProviders(): Promise<readonly string[]> {
    return this.#mode.providers();
  }

  async login(provider: string, { returnTo }: LoginOptions = {}): Promise<void> {
    const url = await this.#departure(provider, returnTo, {});
    const { navigate = (url: string) => location.assign(url) } = this.#options;
    navigate(url);
  }

  /** As `login`, where the user has logged in for another front end: nobody is asked. */
  protected async departSilently({ returnTo }: LoginOptions = {}): Promise<void> {
    const url = await this.#departure("", returnTo, { silent: true });
    this.#silence.begin(this.#clock());
    this.#replace(url);
  }

  /** The page is not one to come back to by the browser's button. */
  #replace(url: string): void {
    const { navigate = (url: string) => location.replace(url) } = this.#options;
    navigate(url);
  }

  /** Tries it by itself, where there is a page to leave and it was not tried a moment ago. */
  async #tryOnce(): Promise<boolean> {
    if (typeof location === "undefined" || self !== top) return false;
    // A login that is coming back is no time to begin another.
    if (this.#arrival !== undefined || answerIn(location.href) !== undefined) return false;
    const now = this.#clock();
    if (this.#silence.holds(now) || !this.#silence.begin(now)) return false;
    await this.departSilently();
    return true;
  }

  async #departure(provider: string, returnTo: string | undefined, more: { silent?: true }): Promise<string> {
    const { redirectUri = defaultRedirect() } = this.#options;
    if (redirectUri === undefined) throw misconfigured("a login needs a page to come back to: redirectUri");
    const [state, at] = [random(), this.#clock()];
    const path = safeReturnPath(returnTo ?? currentPath(redirectUri));
    const departure = { provider, verifier: random(), nonce: random(), returnTo: path, redirectUri, at, ...more };
    const url = await this.#mode.depart(departure, state);
    this.#departures.add(state, departure);
    this.#arrival = this.#landing = undefined;
    return url;
  }

  handleCallback(url?: string): Promise<Arrival | null> {
    // The address is clean once its answer was taken: what asks again, means the same.
    if (this.#arrival !== undefined && (url === undefined || url === this.#arrival.url)) return this.#arrival.promise;
    const address = url ?? (typeof location === "undefined" ? undefined : location.href);
    const answer = address === undefined ? undefined : answerIn(address);
    if (address === undefined || answer === undefined) return Promise.resolve(null);
    if (url === undefined) history.replaceState(history.state, "", without(address));
    const promise = this.#arrive(answer);
    this.#arrival = { url: address, promise };
    return promise;
  }

  async #arrive(answer: URLSearchParams): Promise<Arrival> {
    const state = answer.get("state");
    if (ANSWER.some((name) => answer.getAll(name).length > 1)) throw loginRefused("the answer says a thing twice");
    const departure = state ? this.#departures.take(state, this.#clock()) : undefined;
    if (departure === undefined) throw loginRefused("no login of this tab is waiting for this answer");
    const error = answer.get("error");
    if (error !== null && departure.silent) {
      // Nobody was asked, and nobody is told: the page that was left goes on without a user.
      this.#replace(safeReturnPath(departure.returnTo));
      return new Promise(() => {});
    }
    if (error !== null) throw loginRefused(/^[a-z_]{1,64}$/.test(error) ? `the provider says ${error}` : "the provider refused");
    const landing = await this.#mode.land(departure, answer).catch(refusedLogin);
    this.#landing = landing;
    // Nothing that lay in storage meanwhile is trusted to be a path.
    return { provider: departure.provider, workspaces: landing.workspaces, returnTo: safeReturnPath(departure.returnTo) };
  }

  selectWorkspace(workspaceId: string): Promise<SentinelUser> {
    return (this.#choosing ??= this.#choose(workspaceId).finally(() => (this.#choosing = undefined)));
  }

  async #choose(workspaceId: string): Promise<SentinelUser> {
    if (this.#landing === undefined) throw loginRefused("no login is waiting for a workspace");
    const grant = await this.#landing.choose(workspaceId).catch(refusedLogin);
    const user = await this.#keeper.begin(grant);
    this.#landing = this.#arrival = undefined;
    this.#silence.end();
    return user;
  }

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const { origin } = new URL(request.url);
    // Whoever brings credentials of their own knows why.
    if (!this.#origins.has(origin) || request.headers.has("authorization")) return this.#server.send(request);
    const session = await this.#keeper.fresh();
    if (session === null) return this.#server.send(request);
    const response = await this.#server.send(this.#with(session, request.clone(), init));
    if (response.status !== 401) {
      if (this.#doubted === session) this.#doubted = null;
      return this.#follow(session, response);
    }
    if (this.#doubted === session) return response;
    const later = await this.#keeper.renew(session);
    if (later === null || later === session) return response;
    this.#doubted = later;
    void response.body?.cancel();
    const second = await this.#server.send(this.#with(later, request, init));
    if (second.status !== 401 && this.#doubted === later) this.#doubted = null;
    return this.#follow(later, second);
  };

  /** Takes the token that an answer brings. Services make none: where they are asked, the server is, too, now and then. */
  #follow(session: Session, response: Response): Response {
    const { follow } = this.#mode;
    if (follow === undefined) return response;
    // Where it was redirected it may be anyone's.
    const grant = response.redirected ? null : follow(session.tokens, refreshed(response));
    const { issuedAt, expiresAt } = session;
    if (grant !== null) this.#keeper.follow(session, grant);
    else if ((this.#clock() - issuedAt) * 10 >= expiresAt - issuedAt) void this.#keeper.renew(session).catch(() => {});
    return response;
  }

  /** A login without leaving the page. */
  protected async enter(ask: (server: Server) => Promise<Grant>): Promise<SentinelUser> {
    return this.#keeper.begin(await ask(this.#server).catch(refusedLogin));
  }

  /** Something that ends the token of now: the answer brings the next one. */
  protected async change(ask: (server: Server, session: Session) => Promise<Grant>): Promise<SentinelUser> {
    const session = await this.#keeper.fresh();
    if (session === null) throw loginRequired("nobody is logged in");
    const grant = await ask(this.#server, session);
    this.#keeper.follow(session, grant);
    return grant.user;
  }

  #with({ tokens }: Session, request: Request, init: RequestInit | undefined): Request {
    for (const [name, value] of Object.entries(this.#mode.headers(tokens))) request.headers.set(name, value);
    // A browser takes `authorization` away where a redirect leaves the origin (WHATWG Fetch, HTTP-redirect fetch), and no
    // other header: the second token goes along with no redirect, unless its sender says so.
    return this.#mode.name === "authz" && init?.redirect === undefined ? new Request(request, { redirect: "error" }) : request;
  }

  readonly fetchJson = async <T = unknown>(input: RequestInfo | URL, init: JsonInit = {}): Promise<T> => {
    const { json, ...rest } = init;
    const headers = new Headers(init.headers ?? (input instanceof Request ? input.headers : undefined));
    if (!headers.has("accept")) headers.set("accept", "application/json");
    if (json !== undefined) {
      rest.method ??= "POST";
      rest.body = JSON.stringify(json);
      headers.set("content-type", "application/json");
    }
    let response: Response;
    try {
      response = await this.fetch(input, { ...rest, headers });
    } catch (error) {
      if (error instanceof SentinelError || init.signal?.aborted) throw error;
      throw unavailable("there was no answer", error);
    }
    if (!response.ok) throw new RequestError(response);
    if (response.status === 204) return undefined as T;
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw unavailable("the answer is not JSON", error);
    }
  };

  async refresh(): Promise<boolean> {
    const session = await this.#keeper.fresh();
    return session !== null && (await this.#keeper.renew(session)) !== null;
  }

  async logout(): Promise<boolean> {
    this.#arrival = this.#landing = undefined;
    // Where the server does not hear of it, the login is still there: it is not taken up again at once.
    if (this.#options.silent) this.#silence.begin(this.#clock());
    const session = await this.#keeper.end();
    if (session === null) return true;
    try {
      await this.#mode.end(session.tokens, this.#clock() >= session.expiresAt);
      return true;
    } catch {
      return false;
    }
  }

  destroy(): void {
    this.#keeper.stop();
  }
}

/** Proxy mode: the server does the login. */
export class SentinelAuth extends Client {
  constructor(options: AuthOptions) {
    super(options, proxyMode);
  }

  loginSilently(options?: LoginOptions): Promise<void> {
    return this.departSilently(options);
  }
}

/** Authz mode: the front end logs in at the provider. */
export class SentinelAuthz extends Client {
  constructor(options: AuthzOptions) {
    super(options, (server, clock) => authzMode(server, options.idps, clock));
  }
}

/** Local accounts: a username and a PIN. */
export class SentinelLocal extends Client {
  constructor(options: ClientOptions) {
    super(options, localMode);
  }

  loginWithPin(username: string, pin: string): Promise<SentinelUser> {
    return this.enter((server) => pinLogin(server, username, pin));
  }

  changePin(current: string, next: string): Promise<SentinelUser> {
    return this.change((server, session) => newPin(server, session, current, next));
  }
}

/** A refusal of a login has a code of its own; what is only out of reach may be tried again. */
function refusedLogin(error: unknown): never {
  if (isPassing(error) || !(error instanceof RequestError)) throw error;
  throw new SentinelError("login_refused", `the login was refused: ${error.message}`, undefined, { cause: error });
}

const here = (): readonly string[] => (typeof location === "undefined" ? [] : [location.origin]);

function originOf(text: string): string {
  const origin = here().includes(text) ? text : trustedUrl(text)?.origin;
  if (origin === undefined) throw misconfigured(`origins: ${JSON.stringify(text)} is neither https nor this machine`);
  return origin;
}

const defaultRedirect = (): string | undefined =>
  typeof location === "undefined" ? undefined : `${location.origin}/auth/callback`;

/** Where the user is: not where a login comes back to, which is no page to return to. */
function currentPath(redirectUri: string): string {
  if (typeof location === "undefined" || location.pathname === new URL(redirectUri).pathname) return "/";
  return location.pathname + location.search + location.hash;
}

const isAnswer = (parameters: URLSearchParams): boolean => ["code", "id_token", "error"].some((name) => parameters.has(name));

/** An answer to a login: in the query, or in the fragment where the provider puts tokens. */
function answerIn(address: string): URLSearchParams | undefined {
  const { searchParams, hash } = new URL(address);
  const fragment = new URLSearchParams(hash.slice(1));
  return isAnswer(searchParams) ? searchParams : isAnswer(fragment) ? fragment : undefined;
}

/** The address without the answer: it does not stay in the history. */
function without(address: string): string {
  const url = new URL(address);
  if (isAnswer(new URLSearchParams(url.hash.slice(1)))) url.hash = "";
  for (const name of ANSWER) url.searchParams.delete(name);
  return url.href;
}
