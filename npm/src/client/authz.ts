// Authz mode: the front end logs in at the provider, and the server judges the provider's token.
import { misconfigured } from "../errors.js";
import type { AuthzOptions, IdpConfig } from "./api.js";
import { loginRefused } from "./errors.js";
import type { Grant, Mode, Tokens } from "./mode.js";
import { life, type Server, text, workspaces } from "./server.js";
import { challengeOf, claimsOf, trustedUrl } from "./text.js";

/** The providers that people know, by what a front end has to be told of them. */
export const IdpConfigs = {
  /** Google gives browsers an ID token in the fragment: its codes are for those with a secret. */
  google: (clientId: string): IdpConfig => ({
    clientId,
    issuer: "https://accounts.google.com",
    authorizationUrl: "https://accounts.google.com/o/oauth2/v2/auth",
  }),
  /** A directory of Microsoft Entra ID, where the front end is a single-page application. */
  entraId: (clientId: string, tenantId: string): IdpConfig => ({
    clientId,
    issuer: `https://login.microsoftonline.com/${tenantId}/v2.0`,
    authorizationUrl: `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/authorize`,
    tokenUrl: `https://login.microsoftonline.com/${tenantId}/oauth2/v2.0/token`,
  }),
  /** GitHub has no ID tokens: the server exchanges its code. */
  github: (): IdpConfig => ({ relay: true }),
};

export function authzMode(server: Server, idps: AuthzOptions["idps"], clock: () => number): Mode {
  const configOf = (provider: string): IdpConfig => {
    if (!Object.hasOwn(idps, provider)) throw misconfigured(`idps has no ${provider}`);
    return idps[provider]!;
  };
  const resolve = (body: Record<string, string>) => server.call("/authz/resolve", body);
  const authorize = async (provider: string, identity: string, until: number, workspace_id: string): Promise<Grant> => {
    const answer = await resolve({ idp_token: identity, provider, workspace_id });
    return granted(answer, { provider, identity, until: String(until), workspace: workspace_id }, until - clock());
  };
  return {
    name: "authz",
    buffer: 30,
    providers: async () => Object.keys(idps),
    depart: async ({ provider, verifier, nonce, redirectUri }, state) => {
      const { relay, clientId, authorizationUrl, tokenUrl, scope = "openid email profile", parameters } = configOf(provider);
      const pkce = { code_challenge: await challengeOf(verifier), code_challenge_method: "S256" };
      const common = { redirect_uri: redirectUri, state };
      if (relay) {
        return `${server.base}/authz/idp/${encodeURIComponent(provider)}/login?${new URLSearchParams({ ...common, ...pkce })}`;
      }
      const url = trustedUrl(authorizationUrl ?? "");
      if (!clientId || url === undefined || (tokenUrl && !trustedUrl(tokenUrl))) {
        throw misconfigured(`${provider} needs a clientId and an authorizationUrl: https, or http on this machine`);
      }
      const kind = tokenUrl ? { response_type: "code", ...pkce } : { response_type: "id_token" };
      const asked = { ...parameters, ...common, ...kind, client_id: clientId, scope, nonce };
      for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
      return url.href;
    },
    land: async ({ provider, verifier, nonce, redirectUri }, answer) => {
      const { relay, clientId, issuer, tokenUrl } = configOf(provider);
      const [code, iss] = [answer.get("code"), answer.get("iss")];
      // Another provider's answer (RFC 9207 §2.4).
      if (issuer && iss && iss !== issuer) throw loginRefused("the answer is another provider's");
      let identity: unknown = answer.get("id_token");
      if (relay || tokenUrl) {
        if (!code) throw loginRefused("the answer has no code");
        const path = `/authz/idp/${encodeURIComponent(provider)}/token`;
        identity = relay
          ? (await server.call(path, { code, code_verifier: verifier })).idp_token
          : (await server.call(tokenUrl!, exchange(code, clientId!, redirectUri, verifier))).id_token;
      }
      if (typeof identity !== "string" || identity === "") throw loginRefused("the answer has no token");
      const claims = claimsOf(identity);
      // The server compares it, too; a token that was not asked for here is not even sent there.
      if (!relay && claims.nonce !== nonce) throw loginRefused("the token is another login's");
      const idp_token = identity;
      const until = untilOf(claims, clock());
      const answered = await resolve({ idp_token, provider, ...(relay ? {} : { nonce }) });
      return {
        workspaces: workspaces(answered.workspaces),
        choose: (workspace_id) => authorize(provider, idp_token, until, workspace_id),
      };
    },
    renew: ({ provider, identity, until, workspace }) => authorize(provider!, identity!, Number(until), workspace!),
    headers: ({ identity, authz }) => ({ authorization: `Bearer ${identity}`, "x-authz-token": authz! }),
    token: ({ authz }) => authz!,
    // The server keeps no session in this mode: what it gave is over in minutes, and is not asked for again.
    end: async () => {},
  };
}

function exchange(code: string, client_id: string, redirect_uri: string, code_verifier: string): URLSearchParams {
  return new URLSearchParams({ grant_type: "authorization_code", code, client_id, redirect_uri, code_verifier });
}

/** When the provider's token expires, by this machine's clock: only its life is taken from the token. */
function untilOf({ iat, exp }: Readonly<Record<string, unknown>>, now: number): number {
  return typeof iat === "number" && typeof exp === "number" ? now + (exp - iat) * 1000 : Number.MAX_SAFE_INTEGER;
}

function granted(answer: Record<string, unknown>, tokens: Tokens, rest: number): Grant {
  const authz = text(answer.authz_token, "authz_token");
  const { user, workspace } = answer as Record<string, Record<string, unknown> | undefined>;
  const { actions } = claimsOf(authz);
  return {
    tokens: { ...tokens, authz },
    user: {
      userId: text(user?.id, "user"),
      email: String(user?.email ?? ""),
      name: String(user?.name ?? ""),
      workspaceId: text(workspace?.id, "workspace"),
      workspaceSlug: String(workspace?.slug ?? ""),
      workspaceRole: String(workspace?.role ?? ""),
      groups: [],
      actions: Array.isArray(actions) ? actions.map(String) : [],
    },
    // Neither token is of use without the other.
    life: Math.min(life(answer.expires_in), Math.max(rest, 1)),
  };
}
