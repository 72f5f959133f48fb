import type { SentinelUser } from "./api.js";
import type { Grant, Tokens } from "./mode.js";

/** A login and what it has come to. Never changed: new tokens are another object with a higher `serial`. */
export interface Session {
  /** Stays the same from login to logout, in every tab. */
  readonly id: string;
  /** Grows with every token: how many came before, or, where they are a local account's, when the server made it. */
  readonly serial: number;
  readonly user: SentinelUser;
  readonly tokens: Tokens;
  /** Milliseconds since the epoch, by this machine's clock. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export function sessionOf({ user, tokens, life, serial }: Grant, id: string, next: number, now: number): Session {
  return { id, serial: serial ?? next, user, tokens, issuedAt: now, expiresAt: now + life };
}

/** A session as another tab or the store has it. Scripts of this site alone can write there; what does not fit is none. */
export function readSession(value: unknown): Session | null {
  const { id, serial, user, tokens, issuedAt, expiresAt } = (value ?? {}) as Partial<Session>;
  const fits =
    typeof id === "string" &&
    [serial, issuedAt, expiresAt].every(Number.isFinite) &&
    typeof user?.userId === "string" &&
    typeof user.workspaceId === "string" &&
    typeof tokens === "object" &&
    tokens !== null &&
    Object.values(tokens).every((token) => typeof token === "string");
  return fits ? (value as Session) : null;
}

/** Whether `one` holds tokens of `other`'s session that came later. */
export const isLater = (one: Session | null, other: Session): one is Session =>
  one !== null && one.id === other.id && one.serial > other.serial;
