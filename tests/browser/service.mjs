// The user's own service: pages of one origin and an API behind them, which verifies what it is sent and asks Sentinel for
// permissions. Nothing in it knows the browser's side of `sentinel-edge`.
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { createTokenPair, createVerifier } from "sentinel-edge";

/** Listens on a free port; `protect(…)` names who issues tokens once that is known. */
export async function startService() {
  const asked = [];
  const notes = [];
  const pages = new Map();
  const refused = new Set();
  let judge, sentinel;

  const routes = {
    "GET /api/notes": ({ identity }) => [200, notes.length > 0 ? notes : { hello: identity.userId, workspace: identity.workspaceId }],
    "GET /api/admin": ({ identity }) => (["admin", "owner"].includes(identity.role) ? [200, { ok: true }] : [403, { reason: "role_required" }]),
    "GET /api/never": () => [401, {}],
    "GET /api/broken": () => [500, {}],
    "GET /api/empty": () => [204],
    "GET /api/text": () => [200, undefined],
    "GET /api/moved": () => [307, {}, { location: "/api/notes" }],
    "POST /api/odd": () => [200, { evaluations: [] }],
    "POST /api/echo": (_who, body) => [200, body],
    // AuthZEN's access evaluations: the subject is the bearer, whatever the question says.
    "POST /api/access": async ({ bearer, identity }, { evaluations }) => {
      const decide = async ({ action: { name: action }, resource: { type, id } }) => {
        if (type === "workspace") {
          return (await sentinel.post("/roles/check-action", { service_name: "notes", action, workspace_id: identity.workspaceId }, bearer)).allowed;
        }
        const checks = [{ service_name: "notes", resource_type: type, resource_id: id, action }];
        return (await sentinel.post("/permissions/check", { checks }, bearer)).results[0].allowed;
      };
      return [200, { evaluations: await Promise.all(evaluations.map(async (one) => ({ decision: await decide(one) }))) }];
    },
  };

  async function identify(headers) {
    const bearer = headers.authorization?.replace(/^Bearer /, "") ?? "";
    const authz = headers["x-authz-token"];
    if (refused.has(authz ?? bearer)) throw new Error("void");
    const { identity } = authz === undefined ? await judge.access.verify(bearer) : await judge.pair.verify(bearer, authz);
    return { identity, bearer: authz ?? bearer };
  }

  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const page = pages.get(pathname) ?? (pathname.startsWith("/api/") ? undefined : pages.get("/"));
    if (page !== undefined && request.method === "GET") {
      response.writeHead(200, { "content-type": pathname.endsWith(".js") ? "text/javascript" : "text/html; charset=utf-8" }).end(page);
      return;
    }
    const route = routes[`${request.method} ${pathname}`];
    const { authorization, "x-authz-token": authz, "content-type": type } = request.headers;
    asked.push({ path: pathname, authorization, authz });
    const body = await text(request);
    const [status, answer, headers] = await (async () => {
      if (!route) return [404, {}];
      const who = await identify(request.headers).catch(() => undefined);
      return who === undefined ? [401, {}] : route(who, type === "application/json" ? JSON.parse(body) : body);
    })().catch(({ message }) => [502, { message }]);
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(answer === undefined ? undefined : JSON.stringify(answer));
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));

  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** Every request to the API: `{ path, authorization, authz }`. */
    asked,
    /** What `/api/notes` answers; who asks, while there are none. */
    notes,
    /** Path -> what a browser gets there; other paths get the page at `/`, as a single-page application has it. */
    pages,
    /** Tokens that the service refuses though they are good. */
    refused,
    protect({ issuer, jwksUrl, idp, audience, post }) {
      sentinel = { post };
      const ours = { issuer, jwksUrl, algorithms: ["RS256"] };
      const identity = createVerifier({ issuer: idp.issuer, jwksUrl: idp.jwksUrl, audience, algorithms: ["RS256"], profile: "oidc" });
      const authorization = createVerifier({ ...ours, audience: "sentinel:authz", tokenUse: "authz" });
      judge = {
        access: createVerifier({ ...ours, audience: "sentinel:access", tokenUse: "access" }),
        pair: createTokenPair({ identity, authorization, service: "notes" }),
      };
    },
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}
