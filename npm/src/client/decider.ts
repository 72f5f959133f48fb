import { unavailable } from "../errors.js";
import type { Decider, Question, SentinelClient } from "./api.js";

/** Most questions of one request. */
const MOST = 100;

interface Asked {
  readonly question: Question;
  readonly resolve: (allow: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Asks an endpoint of the user's own service, in the form of AuthZEN's access evaluations (Authorization API 1.0 §6): what
 * is asked at the same moment goes in one request. The service takes the subject from the token, not from the question.
 */
export function createDecider(client: SentinelClient, url: string | URL): Decider {
  let asked: Asked[] = [];
  const send = async (batch: readonly Asked[]): Promise<void> => {
    try {
      const evaluations = batch.map(({ question }) => evaluation(question));
      const answer = await client.fetchJson<{ evaluations?: unknown }>(url, { json: { evaluations } });
      const decisions = answer?.evaluations;
      if (!Array.isArray(decisions) || decisions.length !== batch.length) {
        throw unavailable("the answer has not a decision for each question");
      }
      // Only a clear yes is one.
      batch.forEach(({ resolve }, at) => resolve((decisions[at] as { decision?: unknown } | null)?.decision === true));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  };
  const flush = (): void => {
    const all = asked;
    asked = [];
    for (let at = 0; at < all.length; at += MOST) void send(all.slice(at, at + MOST));
  };
  return {
    decide: (question) =>
      new Promise<boolean>((resolve, reject) => {
        // A task, not a microtask: every component of one rendering asks first.
        if (asked.length === 0) setTimeout(flush);
        asked.push({ question, resolve, reject });
      }),
  };
}

function evaluation({ user, relation, object }: Question): object {
  const at = object?.indexOf(":") ?? -1;
  const resource =
    object === null ? { type: "workspace", id: user.workspaceId } : { type: object.slice(0, Math.max(at, 0)), id: object.slice(at + 1) };
  return { subject: { type: "user", id: user.userId }, action: { name: relation }, resource };
}
