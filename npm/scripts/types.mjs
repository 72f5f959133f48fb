// The published declarations: our sources with their documentation, in one file for each kind of entry point.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";

const NOTICE = "// Made by scripts/types.mjs.\n";
const CREATE = "\nexport declare function createVerifier(options: VerifierOptions): Verifier;\n";
const CREATE_ASYNC = `
/** Loads the module with the first call. */
export declare function createVerifier(options: VerifierOptions): Promise<Verifier>;
`;
const PAIR = `
/** Binds two verifiers of one entry point into one for pairs of tokens. */
export declare function createTokenPair(options: TokenPairOptions): TokenPair;
`;

const policy = (names, from) => names.map((name) => `\nexport declare const ${name}: ${from}["${name}"];\n`).join("");
const POLICY = ["createPolicyEngine", "validateModel", "formatModel", "modelToJson"];

/** Our sources in one file: everything public is in it, and it imports nothing. */
function joined(...parts) {
  return tidy(parts.join("\n").replace(/^import .*;\n/gm, ""));
}

/** Without what only our sources need. */
function tidy(text) {
  const public_ = text.replace(/^export declare const (ERROR_CODES|REASONS|ALGORITHMS): .*\n/gm, "");
  return (NOTICE + public_.replace(/^export \{\};\n/gm, "").replace(/^\/\/ .*\n/gm, "")).replace(/\n{3,}/g, "\n\n");
}

/** What a front end's entry points share with the verifier: the errors. */
const errorsOf = (from) => `import { type ErrorCode, SentinelError } from "${from}";
export { type ErrorCode, SentinelError };
`;
const CLIENT = `
/** An answer that is none of 2xx. \`code\`: \`login_required\` for 401, \`unavailable\` for 429 and 5xx, else \`request_refused\`. */
export declare class RequestError extends SentinelError {
  readonly status: number;
  /** The answer itself; its body has not been read. */
  readonly response: Response;
}

/** Proxy mode: the server does the login. */
export interface SentinelAuth extends SentinelClient {}
export declare class SentinelAuth {
  constructor(options: AuthOptions);
  /**
   * Leaves the page for a login without asking the user, who has logged in at the server for another front end: the server
   * sends the page back at once. Where nobody has, it comes back as it was.
   */
  loginSilently(options?: LoginOptions): Promise<void>;
}

/** Authz mode: the front end logs in at the provider. */
export interface SentinelAuthz extends SentinelClient {}
export declare class SentinelAuthz {
  constructor(options: AuthzOptions);
}

/** Local accounts: a username and a PIN. Using the token brings the next one; who does not for as long as it lives logs in again. */
export interface SentinelLocal extends SentinelClient {}
export declare class SentinelLocal {
  constructor(options: ClientOptions);
  /** Logs in without leaving the page. Rejects with \`login_refused\` for a wrong one, \`unavailable\` where it is to be tried later. */
  loginWithPin(username: string, pin: string): Promise<SentinelUser>;
  /** Changes the PIN; the user's other sessions end. Rejects with a \`RequestError\` whose answer says which rule is broken. */
  changePin(current: string, next: string): Promise<SentinelUser>;
}

/** The providers that people know, by what a front end has to be told of them. */
export declare const IdpConfigs: {
  /** Google gives browsers an ID token in the fragment: its codes are for those with a secret. */
  google(clientId: string): IdpConfig;
  /** A directory of Microsoft Entra ID, where the front end is a single-page application. */
  entraId(clientId: string, tenantId: string): IdpConfig;
  /** GitHub has no ID tokens: the server exchanges its code. */
  github(): IdpConfig;
};

/**
 * Asks an endpoint of your own service, in the form of AuthZEN's access evaluations: what is asked at the same moment goes
 * in one request. The service must take the subject from the token, not from the question.
 */
export declare function createDecider(client: SentinelClient, url: string | URL): Decider;

/** A path of this site, or the fallback (\`/\`): nothing that a browser could read as another site's address. */
export declare function safeReturnPath(path: unknown, fallback?: string): string;
`;

/** `/client` */
const client = (api, from) => tidy([errorsOf(from), api.replace(/^import .*;\n/gm, ""), CLIENT].join("\n"));

const REACT = `
/** Makes a client known to the components below. */
export declare function SentinelProvider(props: SentinelProviderProps): ReactNode;

/** The state of the session, and what can be done. */
export declare function useSentinel(): Sentinel;

/** Who is logged in; null while nobody is, or it is not known. */
export declare function useUser(): SentinelUser | null;

/** Whether the user has this role or a higher one. */
export declare function useHasRole(minimum: string): boolean;

/** Whether the user's roles have this action: as the token says in authz mode, else as the decider answers. */
export declare function useHasAction(action: string): boolean;

/** Whether the decider says that the user has this relation to the object, or this action: no until it has answered. */
export declare function useCan(relation: string, object?: string | null): boolean;

/** As \`useCan\`, and whether the answer is still to come, or why there is none. */
export declare function useDecision(relation: string, object?: string | null): DecisionState;

/** Shows its children to someone who has all that it names. A hint: the service decides. */
export declare function Guard(props: GuardProps): ReactNode;

/** The page that a login comes back to: takes the answer, lets the user choose a workspace, and says when it is done. */
export declare function LoginCallback(props: LoginCallbackProps): ReactNode;

/** A form for another PIN, while others know the one of now (\`user.mustChangePin\`); nothing else of the time. */
export declare function PinBanner(props: PinBannerProps): ReactNode;

/** A list of buttons: what \`LoginCallback\` shows where no other selector is named. */
export declare function WorkspaceSelector(props: WorkspaceSelectorProps): ReactNode;
`;

/** `/react` */
function react(api, from) {
  const types = api.replace('"../client/api.js"', `"${from}"`).replace('"../errors.js"', `"${from}"`);
  return tidy(`${types}${REACT}`);
}

const NEXT = `
/** For \`proxy.ts\`: judges every request that its matcher takes, and tells the application who asks. */
export declare function sentinelProxy(
  options: SentinelProxyOptions,
): (request: ProxiedRequest, event?: ProxyEvent) => Promise<Response>;

/** For \`middleware.ts\`: the same. */
export declare function sentinelMiddleware(
  options: SentinelProxyOptions,
): (request: ProxiedRequest, event?: ProxyEvent) => Promise<Response>;

/** Who asks, in Server Components, Route Handlers and Server Actions; null where nobody is logged in. */
export declare function getUser(): Promise<SentinelUser | null>;

/** As \`getUser\`; rejects with \`login_required\` where nobody is logged in. */
export declare function requireUser(): Promise<SentinelUser>;

/** As \`requireUser\`; rejects with \`request_refused\` where the user has neither this role nor a higher one. */
export declare function requireRole(minimum: string, roleOrder?: readonly string[]): Promise<SentinelUser>;

/**
 * Whether the user may do this to an object: \`await can("edit", "note:7")\`. With a bundle of \`followBundle\` it answers from
 * that, else the server is asked.
 */
export declare function can(relation: string, object: string, bundle?: AnsweringBundle): Promise<boolean>;

/** A Route Handler for someone who is logged in; 401 and 403 for everyone else. */
export declare function withAuth<C>(
  handler: (request: Request, user: SentinelUser, context: C) => Response | Promise<Response>,
  options?: WithAuthOptions,
): (request: Request, context: C) => Promise<Response>;
`;

/** `/next` */
const next = (api, from) => tidy([errorsOf(from), api.replace('"../api.js"', `"${from}"`), NEXT].join("\n"));

const BUNDLE = ["openBundle"];

/** `/bundle`, and all of its kind: the module is loaded first everywhere. */
function bundle(api, end) {
  const [index, from] = ["index", "policy"].map((name) => `./${name}.${end}`);
  const names = ["Algorithm", "Decision", "RouteRequest", "TokenPair", "VerifiedPair", "VerifiedToken", "Verifier"];
  const imports = `import type { ${names.join(", ")} } from "${index}";\nimport type { TupleKey } from "${from}";\n`;
  const text = api.replace(/^import .*;\n/gm, "");
  return tidy([errorsOf(index), imports, `export type { Algorithm, TupleKey };\n`, text, policy(BUNDLE, "BundleFunctions")].join("\n"));
}

/** `/revocations` */
function revocations(api, end) {
  const names = ["BundleAccess", "BundleKeys", "BundleOrigin", "HeldBundle", "RevocableClaims", "RevocationDemands"];
  const imports = `import type { ${names.join(", ")} } from "./bundle.${end}";\nexport type { ${names.join(", ")} };\n`;
  const functions = policy(["openRevocations", "createRevocationFeed"], "RevocationFunctions");
  return tidy([imports, errorsOf(`./index.${end}`), api.replace(/^import .*;\n/gm, ""), functions].join("\n"));
}

const FOLLOW = `
/** The bundles of a service for whoever guards it: \`bundle\` of \`/next\`, \`/workers\` and \`/server\`. */
export declare function followBundle(options: FollowedBundleOptions): FollowedBundle;
`;

/** `/bundle/follow` */
const follow = (end) =>
  tidy(
    `import type { FollowedBundle, FollowedBundleOptions } from "./bundle.${end}";
export type { Bundle, CanQuestion, FollowedBundle, FollowedBundleOptions, Later } from "./bundle.${end}";
${errorsOf(`./index.${end}`)}${FOLLOW}`,
  );

const SLICE = `
/**
 * A decider for \`SentinelProvider\` that answers from the user's slice of the policy, without the network, and hears of
 * changes. A hint for the user interface: the service decides.
 */
export declare function createSliceDecider(client: SentinelClient, options?: SliceOptions): SliceDecider;
`;

/** `/client/slice` */
function slice(api, end) {
  const text = api.replace('"../bundle/api.js"', `"./bundle.${end}"`).replace('"../client/api.js"', `"./client.${end}"`);
  return tidy(`${text.replace("{ Decider, Question }", "{ Decider, Question, SentinelClient }")}${SLICE}`);
}

const WORKERS = `
/**
 * A handler as Workers, Deno and Bun call it, before which every request is judged: what is refused is answered with a
 * problem document (RFC 9457), and what is let through comes without the headers that a client may not send.
 */
export declare function sentinelFetch<Env, Rest extends readonly unknown[]>(
  source: GuardSource<Env>,
  handler: GuardedHandler<readonly [Env, ...Rest]>,
): (request: Request, env: Env, ...rest: Rest) => Promise<Response>;

/** The same as middleware for Hono: \`c.get("sentinel")\` is who sent the request. */
export declare function sentinelHono<Env>(
  source: GuardSource<Env>,
): (c: HonoContext, next: () => Promise<void>) => Promise<Response | void>;
`;

const SERVER = `
/** An answer that is none of 2xx. \`code\`: \`login_required\` for 401, \`unavailable\` for 429 and 5xx, else \`request_refused\`. */
export declare class RequestError extends SentinelError {
  readonly status: number;
  /** The answer itself; its body has not been read. */
  readonly response: Response;
}

/**
 * Middleware for Express, and for everything with \`(request, response, next)\`: what is refused is answered with a problem
 * document (RFC 9457), and what is let through comes without the headers that a client may not send.
 */
export declare function sentinelExpress(
  options: GuardOptions,
): (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void) => void;

/** The same as a plugin for Fastify: \`app.register(sentinelFastify, { verifier })\`. Its hook is the whole application's. */
export declare function sentinelFastify(app: FastifyApplication, options: GuardOptions, done: (error?: Error) => void): void;

/** Who sent a request, as a guard before has found; throws \`configuration_invalid\` where none was there. */
export declare function sentinelOf(request: object): SentinelContext;

/** Follows what the server takes back, so that a verifier here refuses it: \`createVerifier({ revoked, … })\`. */
export declare function followRevocations(options: RevocationOptions): Revocations;

/** Asks the server what users may do with single resources, and registers and shares these. */
export declare function createPermissionsClient(options: PermissionsOptions): PermissionsClient;

/** Asks the server what users' roles allow. */
export declare function createRolesClient(options: PermissionsOptions): RolesClient;

/** Asks a policy decision point: the server, a gateway, or any other that speaks AuthZEN's Authorization API 1.0. */
export declare function createAuthZenClient(options: AuthZenOptions): AuthZenClient;
`;

/** `/workers` and `/server` */
function service(apis, declared, from) {
  const names = ["DecideOptions", "DecidingBundle", "Decision", "Identity", "TokenPair", "VerifiedPair", "VerifiedToken", "Verifier"];
  const imports = `import type { ${names.join(", ")} } from "${from}";\n`;
  return tidy([imports + errorsOf(from), ...apis.map((api) => api.replace(/^import .*;\n/gm, "")), declared].join("\n"));
}

/** `/slim` has the same types but for what it leaves out. */
function slim(api, from, create) {
  const text = api.replace('"./api.js"', `"${from}"`);
  return tidy(`${text}
export { ANY, SentinelError } from "${from}";
export type {
  Algorithm,
  Claims,
  ErrorCode,
  Expected,
  Header,
  JsonWebKeySet,
  RemoteKeySource,
  RemoteOptions,
} from "${from}";
${create}`);
}

export async function declarations(root) {
  const out = await mkdtemp(join(tmpdir(), "sentinel-types-"));
  try {
    const tsc = new URL("node_modules/typescript/bin/tsc", root).pathname;
    const options = ["--noEmit", "false", "--declaration", "--emitDeclarationOnly", "--outDir", out];
    await promisify(execFile)(process.execPath, [tsc, "-p", new URL("tsconfig.json", root).pathname, ...options]);
    const read = (name) => readFile(new URL(`${name}.d.ts`, pathToFileURL(`${out}/`)), "utf8");
    const [codes, errors] = [await read("codes"), await read("errors")];
    const names = ["api", "slim-api", "client/api", "react/api", "next/api", "bundle/api", "slice/api", "service/api", "workers/api", "server/api", "revocations/api"];
    const [api, slimApi, clientApi, reactApi, nextApi, bundleApi, sliceApi, serviceApi, workersApi, serverApi, revocationsApi] = await Promise.all(
      names.map((name) => readFile(new URL(`src/${name}.ts`, root), "utf8")),
    );
    const error = errors.slice(0, errors.indexOf("/** Something needed"));
    const index = joined(codes, error, api, PAIR, CREATE);
    const policyError = (await read("policy/errors")).replace(/^export declare function .*\n/gm, "");
    const policyApi = await readFile(new URL("src/policy/api.ts", root), "utf8");
    const errorCode = codes.slice(0, codes.indexOf("export declare const"));
    const policies = (names, from) => joined(errorCode, error, policyError, policyApi, policy(names, from));
    return {
      "index.d.ts": index,
      "index.d.cts": index,
      "web.d.ts": joined(codes, error, api, PAIR, CREATE_ASYNC),
      "slim.d.ts": slim(slimApi, "./index.js", CREATE),
      "slim.d.cts": slim(slimApi, "./index.cjs", CREATE),
      "policy.d.ts": policies(POLICY, "PolicyFunctions"),
      "policy.d.cts": policies(POLICY, "PolicyFunctions"),
      "policy-web.d.ts": policies(POLICY, "AsyncPolicyFunctions"),
      "policy-slim.d.ts": policies(POLICY.slice(0, 1), "PolicyFunctions"),
      "policy-slim.d.cts": policies(POLICY.slice(0, 1), "PolicyFunctions"),
      "policy-slim-web.d.ts": policies(POLICY.slice(0, 1), "AsyncPolicyFunctions"),
      "bundle.d.ts": bundle(bundleApi, "js"),
      "bundle.d.cts": bundle(bundleApi, "cjs"),
      "revocations.d.ts": revocations(revocationsApi, "js"),
      "revocations.d.cts": revocations(revocationsApi, "cjs"),
      "follow.d.ts": follow("js"),
      "follow.d.cts": follow("cjs"),
      "slice.d.ts": slice(sliceApi, "js"),
      "slice.d.cts": slice(sliceApi, "cjs"),
      "next.d.ts": next(nextApi, "./index.js"),
      "next.d.cts": next(nextApi, "./index.cjs"),
      "workers.d.ts": service([serviceApi, workersApi], WORKERS, "./index.js"),
      "workers.d.cts": service([serviceApi, workersApi], WORKERS, "./index.cjs"),
      "server.d.ts": service([serviceApi, serverApi], SERVER, "./index.js"),
      "server.d.cts": service([serviceApi, serverApi], SERVER, "./index.cjs"),
      "react.d.ts": react(reactApi, "./client.js"),
      "react.d.cts": react(reactApi, "./client.cjs"),
      "client.d.ts": client(clientApi, "./index.js"),
      "client.d.cts": client(clientApi, "./index.cjs"),
      "slim-web.d.ts": slim(slimApi, "./index.js", CREATE_ASYNC),
    };
  } finally {
    await rm(out, { recursive: true });
  }
}
