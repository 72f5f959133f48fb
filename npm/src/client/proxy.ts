// Proxy mode: the server does the login, and gives an access token and a refresh token.
import type { SentinelUser } from "./api.js";
import { loginRefused } from "./errors.js";
import type { Grant, Mode } from "./mode.js";
import { life, type Server, text, workspaces } from "./server.js";
import { challengeOf, claimsOf } from "./text.js";

export function proxyMode(server: Server): Mode {
  return {
    name: "proxy",
    buffer: 60,
    providers: async () => {
      const { providers } = await server.call("/auth/providers");
      return Array.isArray(providers) ? providers.map(String) : [];
    },
    depart: async ({ provider, verifier, redirectUri, silent }, state) => {
      const asked = {
        redirect_uri: redirectUri,
        code_challenge: await challengeOf(verifier),
        code_challenge_method: "S256",
        state,
        ...(silent ? { prompt: "none" } : {}),
      };
      const path = silent ? "/auth/login" : `/auth/login/${encodeURIComponent(provider)}`;
      return `${server.base}${path}?${new URLSearchParams(asked)}`;
    },
    land: async ({ verifier }, answer) => {
      const code = answer.get("code");
      if (!code) throw loginRefused("the answer has no code");
      return {
        workspaces: workspaces(await server.call(`/auth/workspaces?${new URLSearchParams({ code })}`)),
        choose: async (workspace_id) =>
          granted(await server.call("/auth/token", { code, workspace_id, code_verifier: verifier })),
      };
    },
    renew: async ({ refresh }) => granted(await server.call("/auth/refresh", { refresh_token: refresh })),
    headers: ({ access }) => ({ authorization: `Bearer ${access}` }),
    token: ({ access }) => access!,
    end: async (tokens, expired) => {
      // A session ends by an access token that holds.
      const { access } = expired ? granted(await server.call("/auth/refresh", { refresh_token: tokens.refresh })).tokens : tokens;
      await server.call("/auth/logout", {}, { authorization: `Bearer ${access}` });
    },
  };
}

function granted(answer: Record<string, unknown>): Grant {
  const access = text(answer.access_token, "access_token");
  return {
    tokens: { access, refresh: text(answer.refresh_token, "refresh_token") },
    user: userOf(claimsOf(access)),
    life: life(answer.expires_in),
  };
}

export function userOf({ sub, email, name, wid, wslug, wrole, groups }: Readonly<Record<string, unknown>>): SentinelUser {
  return {
    userId: text(sub, "sub"),
    email: String(email ?? ""),
    name: String(name ?? ""),
    workspaceId: text(wid, "wid"),
    workspaceSlug: String(wslug ?? ""),
    workspaceRole: String(wrole ?? ""),
    groups: Array.isArray(groups) ? groups.map(String) : [],
    actions: null,
  };
}
