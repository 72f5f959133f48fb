// Notes of workspaces, in KV. Every request is judged before anything else happens: viewers read, editors write, admins
// delete, and nobody gets at another workspace's notes.
import { SentinelError, createVerifier } from "sentinel-edge";

/** Kept for the life of the isolate, and with it the keys. */
let verifier;

const verifierFor = ({ SENTINEL_URL }) =>
  createVerifier({
    issuer: SENTINEL_URL,
    audience: "sentinel:access",
    tokenUse: "access",
    algorithms: ["RS256"],
    jwksUrl: `${SENTINEL_URL}/.well-known/jwks.json`,
    rules: [
      { method: "GET", path: "/", allow: "public" },
      { method: "GET", path: "/notes", allow: { role: "viewer" } },
      { method: "GET", path: "/notes/:name", allow: { role: "viewer" } },
      { method: "PUT", path: "/notes/:name", allow: { role: "editor" } },
      { method: "DELETE", path: "/notes/:name", allow: { role: "admin" } },
    ],
  });

export default {
  async fetch(request, env) {
    verifier ??= verifierFor(env);
    try {
      const token = request.headers.get("authorization")?.replace(/^Bearer +/i, "");
      const verified = token === undefined ? null : await verifier.verify(token);
      const { allow, reason } = verifier.decide(request, verified);
      if (!allow) return problem(reason === "unauthenticated" ? 401 : 403, reason);
      return await answer(request, env.NOTES, verified?.identity.workspaceId);
    } catch (error) {
      if (!(error instanceof SentinelError)) throw error;
      return problem(error.code === "unavailable" ? 503 : 401, error.code);
    }
  },
};

/** What the rules have let through. */
async function answer(request, notes, workspace) {
  const [, , name] = new URL(request.url).pathname.split("/");
  if (workspace === undefined) return new Response("Notes of workspaces\n");
  // Every key begins with the workspace of the token.
  const key = `${workspace}/${name}`;
  switch (name && request.method) {
    case "PUT":
      await notes.put(key, await request.text());
      return new Response(null, { status: 204 });
    case "DELETE":
      await notes.delete(key);
      return new Response(null, { status: 204 });
    case "GET": {
      const text = await notes.get(key);
      return text === null ? problem(404, "not_found") : personal(new Response(text));
    }
    default: {
      const { keys } = await notes.list({ prefix: `${workspace}/` });
      return personal(Response.json(keys.map(({ name }) => name.slice(workspace.length + 1))));
    }
  }
}

/** No cache may keep it for others. */
function personal(response) {
  response.headers.set("cache-control", "private, no-store");
  return response;
}

/** RFC 9457. */
function problem(status, code) {
  const headers = { "content-type": "application/problem+json", "cache-control": "no-store" };
  if (status === 401) headers["www-authenticate"] = "Bearer";
  return new Response(JSON.stringify({ type: "about:blank", status, code }), { status, headers });
}
