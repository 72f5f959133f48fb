// A real OpenID provider (the certified npm `oidc-provider`) on a random loopback port: nothing in Sentinel made, signed or
// shaped its tokens.
import { createServer } from "node:http";
import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";

export const ALGORITHMS = ["RS256", "ES256", "EdDSA"];

/** A resource server that takes this provider's own access tokens (RFC 9068, named by RFC 8707 resource indicators). */
export const RESOURCE = "https://api.sentinel.test";

/** Sentinel as a client of this provider: what the settings of a server need to name. */
export const SERVER = { id: "sentinel", secret: randomBytes(32).toString("base64url") };

const pairs = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};

const signingKey = (alg) => ({ ...pairs[alg]().privateKey.export({ format: "jwk" }), alg, use: "sig", kid: `${alg.toLowerCase()}-${randomUUID()}` });

/** A public client for each algorithm: PKCE alone protects it (RFC 9700 §2.1.1). */
const client = (client_id, alg, redirect) => ({
  client_id,
  token_endpoint_auth_method: "none",
  grant_types: ["authorization_code"],
  response_types: ["code"],
  redirect_uris: [redirect],
  id_token_signed_response_alg: alg,
});

/** It listens on a port of its own, which does not count on loopback for a native client (RFC 8252 §7.3). */
const server = {
  client_id: SERVER.id,
  client_secret: SERVER.secret,
  application_type: "native",
  grant_types: ["authorization_code"],
  response_types: ["code"],
  redirect_uris: ["callback", "admin/callback"].map((path) => `http://localhost/auth/${path}/oidc`),
};

const algorithmOf = (client) => client.idTokenSignedResponseAlg;

/** What every provider here has in common. */
const common = () => ({
  jwks: { keys: ALGORITHMS.map(signingKey) },
  cookies: { keys: [randomBytes(32).toString("base64url")] },
  enabledJWA: { idTokenSigningAlgValues: ALGORITHMS },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "given_name", "family_name", "groups"] },
  conformIdTokenClaims: false,
  // A page may exchange its own code: one at a client's redirect URI, of a native client on any port (RFC 8252 §7.3).
  clientBasedCORS: (_ctx, origin, client) => client.redirectUris.some((uri) => isOf(new URL(uri), new URL(origin), client)),
});

const isOf = (uri, origin, { applicationType }) =>
  uri.origin === origin.origin || (applicationType === "native" && uri.port === "" && uri.hostname === origin.hostname);

function configuration(redirect, errors, more) {
  return {
    ...common(),
    clients: [server, ...ALGORITHMS.map((alg) => client(`web-${alg}`, alg, redirect)), ...more],
    async findAccount(_ctx, sub) {
      return { accountId: sub, claims: async () => ({ sub, email: `${sub}@example.test`, email_verified: true, name: sub }) };
    },
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
    features: {
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo(_ctx, resource, client) {
          if (resource !== RESOURCE) throw new errors.InvalidTarget();
          return { scope: "notes:read", audience: resource, accessTokenFormat: "jwt", jwt: { sign: { alg: algorithmOf(client) } } };
        },
      },
    },
  };
}

/** Starts the provider, for these clients too; `close` frees its port. */
export async function startProvider({ clients = [] } = {}) {
  return listen((issuer, errors) => configuration(`${issuer}/callback`, errors, clients));
}

/**
 * Starts one for others' clients: `{ clients, users, port }` as oidc-provider has its clients, the claims of its users by
 * their login, and a free port where none is named; `claims` are more of them, by scope. Whoever is not named there has a
 * verified address at example.test.
 */
export async function startProviderFor({ clients = [], users = {}, port = 0, claims: more = {} }) {
  const claims = (sub) => ({ sub, email: `${sub}@example.test`, email_verified: true, name: sub, ...users[sub] });
  const seconds = (name, fallback) => (_ctx, _token, client) => client[name] ?? fallback;
  const shared = common();
  const configure = () => ({
    ...shared,
    claims: { ...shared.claims, ...more },
    // Native clients may listen on any port of the loopback address (RFC 8252 §7.3), as those of tests do.
    clients: clients.map((client) => ({ application_type: "native", response_types: ["code"], grant_types: ["authorization_code"], ...client })),
    extraClientMetadata: { properties: ["id_token_seconds"] },
    findAccount: async (_ctx, sub) => ({ accountId: sub, claims: async () => claims(sub) }),
    ttl: { AccessToken: 600, AuthorizationCode: 60, Grant: 600, IdToken: seconds("id_token_seconds", 600), Interaction: 600, Session: 600 },
    features: { devInteractions: { enabled: true } },
  });
  return listen(configure, port);
}

async function listen(configure, port = 0) {
  const server = createServer();
  await new Promise((resolve, reject) => server.once("error", reject).listen(port, "127.0.0.1", resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = await quietly(async () => {
    const { Provider, errors } = await import("oidc-provider");
    return new Provider(issuer, configure(issuer, errors));
  });
  server.on("request", provider.callback());
  return {
    issuer,
    // Nobody listens here: the login reads the code from the redirect's Location.
    redirect: `${issuer}/callback`,
    jwksUrl: `${issuer}/jwks`,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}

/** The provider warns that development interactions are on, which is the point here, and of Node versions it does not support yet or any more. */
async function quietly(make) {
  const { warn, info } = console;
  console.warn = console.info = () => {};
  try {
    return await make();
  } finally {
    Object.assign(console, { warn, info });
  }
}
