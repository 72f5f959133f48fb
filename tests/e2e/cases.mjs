// The tokens of the demo: good ones, and what becomes of them in the wrong hands or at the wrong time.
import { json, login, loginThrough } from "./login.mjs";
import { ALGORITHMS } from "./provider.mjs";

/** Who logs in. */
export const USER = "ada";
/** Where the front end would listen. Nobody does: the login reads the code from the redirect's Location. */
const FRONT_END = "http://127.0.0.1/callback";

/**
 * Logs in, and answers `{ user, cases, logOut }`: `logOut` ends the session and answers what the server says to its
 * token then, and one more case. `progress(text)` tells each step.
 */
export async function mint(server, provider, progress) {
  progress("a service and a front end are registered: sentinel service create, sentinel client create");
  const { key } = await server.cli("service", "create", "demo");
  await server.cli("client", "create", "web", "--redirect-uri", FRONT_END);

  progress(`${USER} logs in through Sentinel: /auth/login -> the provider -> /auth/callback -> a workspace -> /auth/token`);
  const session = await loginThrough(server, { login: USER, redirect: FRONT_END });
  const { sub: user } = decode(session.access_token.split(".")[1]);

  const theirs = {};
  for (const alg of ALGORITHMS) {
    progress(`${USER} logs in at the provider itself: an ID token signed with ${alg}`);
    theirs[alg] = (await login(provider, { clientId: `web-${alg}`, login: USER })).id_token;
  }
  progress("the service exchanges one for an authorization token: POST /authz/resolve");
  const asked = { idp_token: theirs.RS256, provider: "oidc", workspace_id: session.workspace.id };
  const { authz_token: authz } = await json(`${server.url}/authz/resolve`, asked, { "x-service-key": key });

  const ours = { issuer: server.url, jwksUrl: server.jwksUrl, algorithms: ["RS256"] };
  const asAccess = { ...ours, audience: "sentinel:access", tokenUse: "access" };
  const asAuthz = { ...ours, audience: "sentinel:authz", tokenUse: "authz" };
  const asId = (alg) => ({ issuer: provider.issuer, jwksUrl: provider.jwksUrl, algorithms: [alg], audience: `web-${alg}` });
  const accepted = (name, token, options, subject) => ({ name, expected: "accepted", subject, request: { token, ...options } });
  const refused = (name, expected, token, more = {}) => ({ name, expected, request: { token, ...asAccess, ...more } });

  const token = session.access_token;
  const cases = [
    accepted("access token", token, asAccess, user),
    accepted("authorization token", authz, asAuthz, user),
    ...ALGORITHMS.map((alg) => accepted(`provider's ${alg} ID token`, theirs[alg], asId(alg), USER)),
    refused("tampered", "signature_invalid", tampered(token)),
    refused("unsigned (alg none)", "algorithm_not_allowed", unsigned(token)),
    refused("foreign audience", "audience_mismatch", authz),
    refused("foreign issuer", "key_not_found", theirs.RS256),
    refused("expired (an hour later)", "token_expired", token, { now: Math.floor(Date.now() / 1000) + 3600 }),
  ];

  async function logOut() {
    const headers = { authorization: `Bearer ${token}` };
    await json(`${server.url}/auth/logout`, {}, headers);
    const { status } = await fetch(`${server.url}/users/me`, { headers });
    const revocations = await json(`${server.url}/revocations?after=0`, undefined, { "x-service-key": key });
    return { status, last: refused("revoked (logged out)", "token_revoked", token, { revocations }) };
  }
  return { user, cases, logOut };
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const decode = (part) => JSON.parse(Buffer.from(part, "base64url").toString());

/** The same token with another subject under the old signature. */
export function tampered(token) {
  const [header, payload, signature] = token.split(".");
  return [header, encode({ ...decode(payload), sub: "mallory" }), signature].join(".");
}

function unsigned(token) {
  const [header, payload] = token.split(".");
  return `${encode({ ...decode(header), alg: "none" })}.${payload}.`;
}
