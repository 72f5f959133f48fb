// What a role, an action and a relation allow and deny: asked of Team Notes through its gateways, and around them.
import { setTimeout as later } from "node:timers/promises";
import { json, login } from "../e2e/login.mjs";
import { CLIENT } from "./whole.mjs";

/** Longest wait, in milliseconds, until who is shut out is refused: the gateway's `maxAge` is a second; machines are slow. */
const SHUT_OUT_WITHIN = 10_000;

/** And until what was granted is allowed. */
const GRANTED_WITHIN = 10_000;

/**
 * Asks, and answers `[{ via, who, asks, expected, status, ok, ms }]`: one entry for each question, through each gateway and
 * at each backend itself.
 */
export async function decide({ whole, server, provider, progress }) {
  const { stacks, key, ids, workspaces, admin } = whole;
  progress("Team Notes: ada, bob and eve log in at the provider; Sentinel says what they may: POST /authz/resolve");
  const tokens = {};
  for (const who of ["ada", "bob", "eve"]) {
    const { id_token } = await login(provider, { clientId: CLIENT.client_id, login: who });
    const asked = { idp_token: id_token, provider: "oidc", workspace_id: workspaces.team };
    const { authz_token } = await json(`${server.url}/authz/resolve`, asked, { "x-service-key": key });
    tokens[who] = { authorization: `Bearer ${id_token}`, "x-authz-token": authz_token };
  }
  const results = [];
  const send = async (url, who, method, path, body) => {
    const headers = { ...tokens[who], ...(body && { "content-type": "application/json" }) };
    const start = performance.now();
    const response = await fetch(`${url}/api/notes${path}`, { method, headers, body: body && JSON.stringify(body) });
    const answer = await response.text();
    return { status: response.status, ms: performance.now() - start, answer };
  };
  const record = (via, who, asks, expected, { status, ms }) => results.push({ via, who, asks, expected, status, ms, ok: status === expected });

  for (const [name, { gateway, backend }] of Object.entries(stacks)) {
    progress(`Team Notes: questions for ${name}, through the gateway and around it`);
    /** Through the gateway; and at the backend itself, which lets nobody in: not with good tokens, and not by what a client says. */
    const ask = async (who, asks, expected, method, path, body) => {
      const since = performance.now();
      let answered = await send(gateway, who, method, path, body);
      // What was granted a moment ago counts at the gateway a second later.
      while (method === "GET" && expected === 200 && answered.status === 403 && performance.now() - since < GRANTED_WITHIN) {
        await later(100);
        answered = await send(gateway, who, method, path, body);
      }
      record(name, who, asks, expected, answered);
      const says = { "x-sentinel-user-id": ids.ada, "x-sentinel-workspace-id": workspaces.team, "x-sentinel-workspace-role": "owner" };
      tokens.around = { ...tokens[who], ...says };
      // Without a body: it would not be read, and the connection would end on it.
      record(`${name}, no gateway`, who, asks, 401, await send(backend, "around", method, path));
      return answered;
    };
    const draft = { title: "Roadmap", text: "What comes next" };
    await ask("nobody", "lists notes", 401, "GET", "");
    const { answer } = await ask("ada", "creates a note: role editor", 201, "POST", "", draft);
    const { id } = JSON.parse(answer);
    await ask("bob", "creates a note: role editor", 403, "POST", "", draft);
    await ask("ada", "exports: action notes:export", 200, "GET", "/export");
    await ask("bob", "exports: action notes:export", 403, "GET", "/export");
    await ask("ada", "reads her note: relation view", 200, "GET", `/${id}`);
    await ask("bob", "reads it: relation view", 403, "GET", `/${id}`);
    await ask("ada", "shares it with bob, to view", 201, "POST", `/${id}/shares`, { user_id: ids.bob, permission: "view" });
    await ask("bob", "reads it: relation view, shared", 200, "GET", `/${id}`);
    await ask("bob", "changes it: relation edit", 403, "PUT", `/${id}`, draft);
    await ask("bob", "shares it further", 403, "POST", `/${id}/shares`, { user_id: ids.eve, permission: "view" });
    await ask("eve", "lists notes", 200, "GET", "");
  }
  progress("Team Notes: an administrator shuts eve out");
  await admin("PATCH", `/admin/users/${ids.eve}`, { is_active: false });
  for (const [name, { gateway }] of Object.entries(stacks)) {
    const since = performance.now();
    let answer;
    do {
      answer = await send(gateway, "eve", "GET", "");
      if (answer.status === 401) break;
      await later(50);
    } while (performance.now() - since < SHUT_OUT_WITHIN);
    record(name, "eve", "lists notes, once shut out", 401, { ...answer, ms: performance.now() - since });
  }
  return results;
}

/** The results as lines: a question, and what each way answered. */
export function table(results, paint) {
  const ways = [...new Set(results.map(({ via }) => via))];
  const questions = [...new Map(results.map((one) => [`${one.who} ${one.asks}`, one])).keys()];
  const cell = ({ ok, status, expected, ms } = {}) => {
    if (status === undefined) return "";
    const text = `${ok ? status : `${status}, not ${expected}`} ${ms.toFixed(0)} ms`;
    return paint(!ok ? "red" : status < 300 ? "green" : "yellow", text);
  };
  const row = (question) => [question, ...ways.map((way) => cell(results.find((one) => one.via === way && `${one.who} ${one.asks}` === question)))];
  return [["Team Notes", ...ways], ...questions.map(row)];
}
