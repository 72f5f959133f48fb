// The tokens of the demo: good ones of every algorithm, then what the same provider's tokens become in the wrong hands.
import { ALGORITHMS, FOREIGN_RESOURCE, RESOURCE } from "./provider.mjs";
import { login } from "./login.mjs";

const EXPIRES_AFTER_MS = 1_000;

/** Logs in as often as needed; `progress(text)` tells each step. The expired tokens have expired when this returns. */
export async function mint(provider, progress) {
  const asId = (alg) => ({ audience: `web-${alg}` });
  const asAccess = { audience: RESOURCE, type: "at+jwt" };
  const common = { issuer: provider.issuer, algorithms: ALGORITHMS, jwksUrl: provider.jwksUrl };
  const cases = [];
  const add = (name, token, options, expected) => cases.push({ name, expected, request: { token, ...common, ...options } });

  const user = "ada";
  progress("a user of a short-lived client logs in: its tokens last one second");
  const short = await login(provider, { clientId: "short-lived-RS256", login: user, resource: RESOURCE });
  const expired = Date.now() + 2 * EXPIRES_AFTER_MS;

  const good = {};
  for (const alg of ALGORITHMS) {
    progress(`the user logs in: authorization code + PKCE, tokens signed with ${alg}`);
    good[alg] = await login(provider, { clientId: `web-${alg}`, login: user, resource: RESOURCE });
    add(`id_token ${alg}`, good[alg].id_token, asId(alg), "accepted");
    add(`access_token ${alg}`, good[alg].access_token, asAccess, "accepted");
  }
  const elsewhere = await login(provider, { clientId: "web-RS256", login: user, resource: FOREIGN_RESOURCE });

  for (const alg of ALGORITHMS) add(`tampered ${alg}`, tampered(good[alg].access_token), asAccess, "signature_invalid");
  add("unsigned (alg none)", unsigned(good.RS256.access_token), asAccess, "algorithm_not_allowed");
  add("foreign audience", elsewhere.access_token, asAccess, "audience_mismatch");
  add("id_token as access_token", good.RS256.id_token, asAccess, "type_mismatch");
  progress("waiting for the short-lived token to expire");
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, expired - Date.now())));
  add("expired", short.access_token, asAccess, "token_expired");
  return { user, cases };
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
