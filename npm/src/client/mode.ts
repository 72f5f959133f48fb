// What the two modes do differently.
import type { Arrival, SentinelUser } from "./api.js";

/** What a mode has of the user: access and refresh token, or the provider's and the authz token. */
export type Tokens = Readonly<Record<string, string>>;

/** New tokens, and whose they are. */
export interface Grant {
  readonly tokens: Tokens;
  readonly user: SentinelUser;
  /** Milliseconds until the tokens expire. */
  readonly life: number;
  /** Where the tokens themselves say which come later: a number that grows. */
  readonly serial?: number;
}

/** A login on its way: kept in this tab, and taken out when its answer comes. */
export interface Departure {
  readonly provider: string;
  readonly verifier: string;
  readonly nonce: string;
  readonly returnTo: string;
  /** Where it was sent: a code is exchanged with the very same (RFC 6749 §4.1.3). */
  readonly redirectUri: string;
  /** When it began. */
  readonly at: number;
  /** Whether the user was not to be asked. */
  readonly silent?: boolean;
}

/** A login whose answer has come. */
export interface Landing {
  readonly workspaces: Arrival["workspaces"];
  choose(workspaceId: string): Promise<Grant>;
}

export interface Mode {
  readonly name: "proxy" | "authz" | "local";
  /** Seconds before expiry at which tokens are replaced. */
  readonly buffer: number;
  providers(): Promise<readonly string[]>;
  /** The address that a login begins at. */
  depart(departure: Departure, state: string): Promise<string>;
  /** What `answer` of the address brings. */
  land(departure: Departure, answer: URLSearchParams): Promise<Landing>;
  /** Later tokens for the same user and workspace; null where there are none yet. */
  renew(tokens: Tokens, expired: boolean): Promise<Grant | null>;
  /** The token that an answer brought, where it follows these. */
  follow?(tokens: Tokens, token: string | null): Grant | null;
  /** What a request carries. */
  headers(tokens: Tokens): Record<string, string>;
  /** The token that says what the user may do. */
  token(tokens: Tokens): string;
  /** Tells the server that the session has ended. */
  end(tokens: Tokens, expired: boolean): Promise<void>;
}

/** The part of the address that carries an answer: the query, or the fragment. */
export const ANSWER = ["code", "id_token", "error", "state", "iss", "error_description", "error_uri", "session_state"];
