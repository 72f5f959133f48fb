import { misconfigured, SentinelError, unavailable } from "../errors.js";

interface Asked {
  readonly relation: string;
  readonly object: string;
  readonly user: string;
}

/** What the server says to a question: at AuthZEN's `…/access/v1/evaluation`, or OpenFGA's `…/check`. Only a clear answer is one. */
export async function ask(fetch: typeof globalThis.fetch, url: URL, key: string, { relation, object, user }: Asked, signal: AbortSignal): Promise<boolean> {
  const openfga = url.pathname.endsWith("/check");
  if (!openfga && !url.pathname.endsWith("/access/v1/evaluation")) throw misconfigured("askUrl is none that answers a question");
  const question = openfga
    ? { tuple_key: { user, relation, object } }
    : { subject: entity(user), action: { name: relation }, resource: entity(object) };
  try {
    const headers = { "content-type": "application/json", authorization: `Bearer ${key}` };
    const response = await fetch(url.href, { method: "POST", headers, body: JSON.stringify(question), redirect: "manual", signal });
    if (response.status !== 200) throw unavailable(`the question was answered with status ${response.status}`);
    const said = ((await response.json()) as Record<string, unknown> | null)?.[openfga ? "allowed" : "decision"];
    if (typeof said === "boolean") return said;
  } catch (cause) {
    throw cause instanceof SentinelError ? cause : unavailable("the server could not be asked", cause);
  }
  throw new SentinelError("undecided", "the server gave no answer");
}

function entity(name: string): { readonly type: string; readonly id: string } {
  const at = name.indexOf(":");
  return { type: name.slice(0, at), id: name.slice(at + 1) };
}
