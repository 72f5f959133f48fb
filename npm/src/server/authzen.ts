import { unavailable } from "../errors.js";
import type { AuthZenAsk, AuthZenClient, AuthZenDecision, AuthZenEntity, AuthZenOptions, AuthZenQuestion } from "./api.js";
import { held, isList, isText, membersOf, Remote } from "./remote.js";

/** Most questions of one request. */
const MOST = 100;
/** Most pages of a search: a decision point that has no end of them is not asked for ever. */
const PAGES = 10_000;

export function createAuthZenClient(options: AuthZenOptions): AuthZenClient {
  const { url, token } = options;
  const remote = new Remote(url, token === undefined ? {} : { authorization: `Bearer ${token}` }, options);

  const ask = async (path: string, body: object, { atLeast }: AuthZenAsk = {}): Promise<Readonly<Record<string, unknown>>> => {
    const headers: Record<string, string> = atLeast === undefined ? {} : { "sentinel-consistency-token": atLeast };
    return membersOf(await remote.json({ path: `/access/v1/${path}`, body, headers, asks: true }));
  };

  const some = async (questions: readonly AuthZenQuestion[], how?: AuthZenAsk): Promise<readonly AuthZenDecision[]> => {
    const decisions = held((await ask("evaluations", { evaluations: questions }, how)).evaluations, isList, "evaluations");
    if (decisions.length !== questions.length) throw unavailable("the answer has not a decision for each question");
    return decisions.map(decision);
  };

  async function* search(kind: string, asked: object, how?: AuthZenAsk): AsyncIterable<Readonly<Record<string, unknown>>> {
    let page: object | undefined;
    for (let number = 0; number < PAGES; number += 1) {
      const answer = await ask(`search/${kind}`, { ...asked, ...(page === undefined ? {} : { page }) }, how);
      for (const one of held(answer.results, isList, "results")) yield membersOf(one);
      const next = membersOf(answer.page).next_token;
      if (!isText(next) || next === "") return;
      page = { token: next };
    }
    throw unavailable("there is no end to the results");
  }

  async function* entities(kind: string, asked: object, how?: AuthZenAsk): AsyncIterable<AuthZenEntity> {
    for await (const { type, id } of search(kind, asked, how)) {
      yield { type: held(type, isText, "type"), id: held(id, isText, "id") };
    }
  }

  return {
    evaluate: async (question, how) => decision(await ask("evaluation", question, how)),
    async evaluations(questions, how) {
      const parts: (readonly AuthZenQuestion[])[] = [];
      for (let at = 0; at < questions.length; at += MOST) parts.push(questions.slice(at, at + MOST));
      return (await Promise.all(parts.map((part) => some(part, how)))).flat();
    },
    subjects: (type, name, resource, how) => entities("subject", { subject: { type }, action: { name }, resource }, how),
    resources: (subject, name, type, how) => entities("resource", { subject, action: { name }, resource: { type } }, how),
    async *actions(subject, resource, how) {
      for await (const { name } of search("action", { subject, resource }, how)) yield held(name, isText, "name");
    },
  };
}

/** Only a clear yes is one. */
function decision(answer: unknown): AuthZenDecision {
  const { decision, context } = membersOf(answer);
  return { decision: decision === true, ...(context === undefined ? {} : { context: membersOf(context) }) };
}
