// What the tests here stand on: our server with logins of an OpenID provider, and the gateway in workerd before an origin.
import { fileURLToPath } from "node:url";
import { startWorkerd } from "../hosts/workerd.mjs";
import { loginThrough } from "./login.mjs";
import { SERVER, startProvider } from "./provider.mjs";
import { startSentinel } from "./sentinel.mjs";

const FRONT_END = "http://127.0.0.1/callback";

/** What the gateway and its origin share. */
export const GATEWAY_KEY = "what the gateway and its origin share, 32 bytes and more";

export const claimsOf = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));

/** A server whose people log in with a provider: `logIn(name)` answers their tokens. `use` ends both with the test. */
export async function startDeployment(use, settings = {}) {
  const provider = use(await startProvider());
  const server = use(
    await startSentinel({
      ALLOW_LOOPBACK_PROVIDERS: "true",
      OIDC_ISSUER: provider.issuer,
      OIDC_CLIENT_ID: SERVER.id,
      OIDC_CLIENT_SECRET: SERVER.secret,
      ...settings,
    }),
  );
  await server.cli("client", "create", "web", "--redirect-uri", FRONT_END);
  return { ...server, logIn: (login) => loginThrough(server, { login, redirect: FRONT_END }) };
}

/**
 * The gateway before `origin`, which trusts the server's access tokens. `config` and `gateway` are added to its settings, `bindings`
 * to its bindings, and `more` are miniflare's own options.
 */
export function startGateway(server, { origin, key, config, gateway = {}, bindings = {}, more }) {
  return startWorkerd({
    entry: fileURLToPath(new URL("../../edge-worker/worker.mjs", import.meta.url)),
    flags: [],
    bindings: {
      SENTINEL_CONFIG: { issuer: server.url, audience: "sentinel:access", tokenUse: "access", algorithms: ["RS256"], ...config },
      SENTINEL_JWKS_URL: server.jwksUrl,
      SENTINEL_GATEWAY: { origin, service: "notes", ...gateway },
      SENTINEL_GATEWAY_KEY: GATEWAY_KEY,
      ...(key && { SENTINEL_SERVICE_KEY: key }),
      ...bindings,
    },
    more,
  });
}
