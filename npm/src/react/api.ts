// The public types of `sentinel-edge/react`, as they are published.
import type { ComponentType, ReactNode } from "react";
import type { AuthState, Decider, LoginOptions, SentinelClient, SentinelUser, Workspace } from "../client/api.js";
import type { SentinelError } from "../errors.js";

/** What `SentinelProvider` is given. */
export interface SentinelProviderProps {
  /** `SentinelAuth` or `SentinelAuthz`, made once, outside of components. */
  readonly client: SentinelClient;
  /** Who answers `useCan`. Without one every answer is no. */
  readonly decider?: Decider | Decider["decide"];
  /** Most milliseconds for which an answer is shown before it is asked again. Default 30 s. */
  readonly maxAge?: number;
  /** Roles from the lowest to the highest. Default viewer, editor, admin, owner. */
  readonly roleOrder?: readonly string[];
  readonly children?: ReactNode;
}

/** The state of the session, and what can be done. */
export interface Sentinel extends AuthState {
  readonly isAuthenticated: boolean;
  readonly isLoading: boolean;
  readonly client: SentinelClient;
  login(provider: string, options?: LoginOptions): Promise<void>;
  logout(): Promise<boolean>;
  readonly fetch: SentinelClient["fetch"];
  readonly fetchJson: SentinelClient["fetchJson"];
}

/** An answer of the decider. */
export interface DecisionState {
  /** True only where the decider said so. */
  readonly allow: boolean;
  /** Asked, and not answered yet. */
  readonly loading: boolean;
  /** Why there is no answer. */
  readonly error: SentinelError | null;
}

/** Who sees the children: someone who is logged in, and has all that is named. */
export interface GuardProps {
  /** At least this role. */
  readonly role?: string;
  /** This action of the user's roles, e.g. `notes:export`. */
  readonly action?: string;
  /** This relation to `object`, e.g. `viewer` to `note:7`. */
  readonly relation?: string;
  readonly object?: string;
  readonly children?: ReactNode;
  /** Shown while nobody is logged in. */
  readonly fallback?: ReactNode;
  /** Shown to someone who may not. */
  readonly denied?: ReactNode;
  /** Shown while it is not known yet. */
  readonly loading?: ReactNode;
  /** Shown while the tokens have expired and the server does not answer. Default: `fallback`. */
  readonly unavailable?: ReactNode;
}

/** What a component is given with which the user chooses a workspace. */
export interface WorkspaceSelectorProps {
  readonly workspaces: readonly Workspace[];
  onSelect(workspaceId: string): void;
  /** A choice was made and is not through yet. */
  readonly isLoading: boolean;
}

/** What a user is told whose PIN others know. */
export interface PinBannerProps {
  /** What the banner says. */
  readonly children?: ReactNode;
  /** Shown when the PIN was not changed; a `RequestError` has the server's answer. Default: the error's code. */
  readonly error?: (error: SentinelError) => ReactNode;
}

/** What the page that a login comes back to needs to know. */
export interface LoginCallbackProps {
  /** The user is logged in: go to `returnTo`, a path of this site, without loading the page anew. */
  onSuccess(user: SentinelUser, returnTo: string): void;
  /** Default: `WorkspaceSelector`. One workspace is chosen by itself. */
  readonly workspaceSelector?: ComponentType<WorkspaceSelectorProps>;
  /** Shown while the server is asked. */
  readonly loading?: ReactNode;
  /** Shown when the login was refused or the server cannot be reached. Default: the error's code. */
  readonly error?: (error: SentinelError) => ReactNode;
}
