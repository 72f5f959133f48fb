// Local accounts: one token, whose use brings the next one. Nobody asks for the next one by themselves: who walks away logs
// in again.
import { misconfigured } from "../errors.js";
import { loginRequired } from "./errors.js";
import type { Grant, Mode, Tokens } from "./mode.js";
import { proxyMode, userOf } from "./proxy.js";
import { life, type Server, text } from "./server.js";
import type { Session } from "./session.js";
import { claimsOf } from "./text.js";

/** The next token, where an answer brings it. */
export const refreshed = ({ headers }: Response): string | null => headers.get("x-refreshed-token");

export function localMode(server: Server): Mode {
  const proxy = proxyMode(server);
  return {
    ...proxy,
    name: "local",
    buffer: 0,
    depart: async () => {
      throw misconfigured("use loginWithPin");
    },
    renew: async (tokens, expired) => {
      // Whoever asked now would be let in again where the server's clock is behind.
      if (expired) throw loginRequired("");
      return follow(tokens, await server.call("/local/me", undefined, proxy.headers(tokens), refreshed));
    },
    follow,
    end: async (tokens, expired) => (expired ? undefined : proxy.end(tokens, false)),
  };
}

export async function pinLogin(server: Server, username: string, pin: string): Promise<Grant> {
  return granted((await server.call("/local/login", { username, pin })).access_token);
}

export async function newPin(server: Server, { tokens, serial }: Session, current_pin: string, new_pin: string): Promise<Grant> {
  const grant = granted(await server.call("/local/pin", { current_pin, new_pin }, { authorization: `Bearer ${tokens.access}` }, refreshed));
  // It may be of the same second as the token before it, and is later all the same.
  return { ...grant, serial: Math.max(grant.serial!, serial + 1) };
}

/** Of the same session and person, and later. Whoever answers has the token already, and can bring nobody else's. */
function follow({ access }: Tokens, token: string | null): Grant | null {
  const [old, next] = [claimsOf(access!), claimsOf(token ?? "")];
  try {
    return next.sid === old.sid && next.sub === old.sub && next.iat! > old.iat! ? granted(token) : null;
  } catch {
    return null;
  }
}

function granted(token: unknown): Grant {
  const access = text(token, "token");
  const claims = claimsOf(access);
  const { username, trust_level, must_change_pin } = claims;
  const [iat, exp] = [claims.iat, claims.exp] as [number, number];
  return {
    tokens: { access },
    user: { ...userOf(claims), username: String(username), trustLevel: Number(trust_level), mustChangePin: must_change_pin === true },
    life: life(exp - iat),
    serial: iat,
  };
}
