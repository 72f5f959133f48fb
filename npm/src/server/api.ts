// The public types of `sentinel-edge/server`, as they are published.
import type { VerifiedToken } from "../api.js";
import type { SentinelError } from "../errors.js";

/** A request of Node's, as Express and Fastify hand it on. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  /** Express: the path at which a router is mounted. */
  readonly baseUrl?: string | undefined;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly rawHeaders: string[];
}

/** An answer of Node's. */
export interface NodeResponse {
  statusCode: number;
  setHeader(name: string, value: string): unknown;
  end(body?: string): unknown;
}

/** An application of Fastify's, as far as the plugin needs it. */
export interface FastifyApplication {
  addHook(name: any, hook: any): any;
}

/** What every client of the server is told. */
export interface ServerOptions {
  /** The server: https, or http on this machine. */
  readonly sentinelUrl: string | URL;
  /** This service's key. */
  readonly serviceKey: string;
  /** Whether http to another machine is allowed: for a network that is your own. Default false. */
  readonly plainHttp?: boolean;
  /** Longest wait for an answer, in milliseconds, with the second attempt. Default 10 s. */
  readonly timeout?: number;
  /** The `fetch` to use. Default: the global one. */
  readonly fetch?: typeof fetch;
}

/** How the server's revocations are followed. */
export interface RevocationOptions extends ServerOptions {
  /** How often the server is asked, in milliseconds. Default 2 s. */
  readonly every?: number;
  /** How old what was heard last may be before tokens are refused with `unavailable`, in milliseconds. Default 60 s. */
  readonly maxStale?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  readonly clock?: () => number;
  /** Told why the server could not be asked. */
  readonly onError?: (error: SentinelError) => void;
}

/** What the server took back. */
export interface Revocations {
  /** For a verifier of this server's tokens, as its `revoked`. A token without `jti` is refused: it could not be taken back. */
  readonly revoked: (token: VerifiedToken) => boolean | Promise<boolean>;
  /** Resolves when the server has been heard; rejects where it cannot be. */
  ready(): Promise<void>;
  /** Asks no more. */
  close(): void;
}

/** Who may be given what: see `POST /permissions/check`. */
export type Permission = "view" | "edit";

/** A question about one object, `note:7`. */
export interface PermissionQuestion {
  readonly object: string;
  readonly action: Permission;
}

/** Whom something is shared with: a user or a group of the resource's workspace, by id. */
export type Grantee = { readonly user: string } | { readonly group: string };

/** A share of a resource. */
export interface Share {
  readonly id: string;
  readonly grantee: Grantee;
  readonly permission: Permission;
  readonly grantedBy: string | null;
  readonly grantedAt: string;
}

/** A registered resource. */
export interface Resource {
  /** By which it is shared: not the id of the resource itself. */
  readonly permissionId: string;
  readonly object: string;
  readonly workspaceId: string;
  readonly ownerId: string;
  readonly visibility: "private" | "workspace";
  readonly shares: readonly Share[];
}

/** A resource to register. */
export interface NewResource {
  /** `note:<uuid>` */
  readonly object: string;
  readonly workspaceId: string;
  readonly ownerId: string;
  /** Default `workspace`. */
  readonly visibility?: "private" | "workspace";
}

/** What `accessible` is asked. */
export interface AccessibleQuestion {
  /** The type of the objects, `note`. */
  readonly type: string;
  readonly action: Permission;
  readonly workspaceId: string;
  /** Most ids of the answer. */
  readonly limit?: number;
}

/** Which objects a user may reach. */
export interface Accessible {
  readonly ids: readonly string[];
  /** All of the workspace's: the ids are only as many as were asked for. */
  readonly all: boolean;
}

/** How a client of permissions and roles is made. */
export interface PermissionsOptions extends ServerOptions {
  /** This service, as its resources and actions name it. */
  readonly serviceName: string;
}

/**
 * The server's permissions. `token` is the user's: the access token, or in authz mode the authz token. Questions are asked
 * a second time where the server could not be reached; nothing that changes anything is.
 */
export interface PermissionsClient {
  /** Whether the user may. What is asked for one token at the same moment goes in one request. */
  can(token: string, action: Permission, object: string): Promise<boolean>;
  /** As `can`, for any number of questions: the answers in their order. */
  check(token: string, questions: readonly PermissionQuestion[]): Promise<readonly boolean[]>;
  /** Which objects of a type the user may reach. */
  accessible(token: string, question: AccessibleQuestion): Promise<Accessible>;
  /** Registers a resource. */
  register(resource: NewResource): Promise<Resource>;
  /** A resource and its shares; null where none is registered. */
  get(object: string): Promise<Resource | null>;
  /** Forgets a resource and its shares. Resolves to whether there was one. */
  remove(object: string): Promise<boolean>;
  /** Shares a resource: its owner may, and the workspace's admins. */
  share(token: string, permissionId: string, grantee: Grantee, permission?: Permission): Promise<Share>;
  /** Takes a share back. */
  unshare(token: string, permissionId: string, grantee: Grantee): Promise<void>;
  /** Shows a resource to the workspace, or hides it. */
  setVisibility(token: string, permissionId: string, visibility: "private" | "workspace"): Promise<Resource>;
}

/** An action that a service knows. */
export interface NewAction {
  /** `notes:export` */
  readonly action: string;
  readonly description?: string;
}

/** The server's roles and actions. */
export interface RolesClient {
  /** Makes sure that the service's actions are known. */
  register(actions: readonly NewAction[]): Promise<void>;
  /** Whether the user's roles in a workspace grant an action. */
  allows(token: string, action: string, workspaceId: string): Promise<boolean>;
  /** All actions that they grant. */
  actions(token: string, workspaceId: string): Promise<readonly string[]>;
}

/** A subject or a resource of AuthZEN's. */
export interface AuthZenEntity {
  readonly type: string;
  readonly id: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** A question of AuthZEN's (Authorization API 1.0 §6). */
export interface AuthZenQuestion {
  readonly subject: AuthZenEntity;
  readonly action: { readonly name: string; readonly properties?: Readonly<Record<string, unknown>> };
  readonly resource: AuthZenEntity;
  readonly context?: Readonly<Record<string, unknown>>;
}

/** An answer of AuthZEN's. */
export interface AuthZenDecision {
  /** True only where the decision point said so. */
  readonly decision: boolean;
  /** What it says beside that, e.g. why it could not tell. */
  readonly context?: Readonly<Record<string, unknown>>;
}

/** How a decision point is asked. */
export interface AuthZenOptions extends Omit<ServerOptions, "sentinelUrl" | "serviceKey"> {
  /** Its address, before `/access/v1/…`: the server's, a store's (`…/stores/<id>`), a gateway's, or any other's. */
  readonly url: string | URL;
  /** Sent as a bearer token; this server takes a service's key. */
  readonly token?: string;
}

/** How one question is asked. */
export interface AuthZenAsk {
  /** What a write answered: the decision knows of it. This server's alone. */
  readonly atLeast?: string;
}

/** A client of a policy decision point. Nothing that it asks changes anything: all is asked a second time where need be. */
export interface AuthZenClient {
  /** One decision. */
  evaluate(question: AuthZenQuestion, ask?: AuthZenAsk): Promise<AuthZenDecision>;
  /** Any number of decisions, in the order of the questions. */
  evaluations(questions: readonly AuthZenQuestion[], ask?: AuthZenAsk): Promise<readonly AuthZenDecision[]>;
  /** Who of a type may do something to a resource. */
  subjects(type: string, action: string, resource: AuthZenEntity, ask?: AuthZenAsk): AsyncIterable<AuthZenEntity>;
  /** To what of a type a subject may do something. */
  resources(subject: AuthZenEntity, action: string, type: string, ask?: AuthZenAsk): AsyncIterable<AuthZenEntity>;
  /** What a subject may do to a resource. */
  actions(subject: AuthZenEntity, resource: AuthZenEntity, ask?: AuthZenAsk): AsyncIterable<string>;
}
