// `sentinel-edge/next` in an application that Next built, in front of the real server and with its tokens.
import assert from "node:assert/strict";
import { randomBytes, randomUUID } from "node:crypto";
import { cp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../hosts/install.mjs";
import { withResources } from "../hosts/resources.mjs";
import { giveRole, logInAsAdmin } from "../e2e/admin.mjs";
import { tampered } from "../e2e/cases.mjs";
import { json, login as logInAt, loginThrough } from "../e2e/login.mjs";
import { SERVER } from "../e2e/provider.mjs";
import { startSentinel } from "../e2e/sentinel.mjs";
import { startNext } from "./next.mjs";
import { folder } from "./packed.mjs";

const FRONT_END = "http://127.0.0.1/callback";

/** The same application with `middleware.ts`, at the edge. */
async function atTheEdge(use) {
  const [from, to] = ["next-app", "next-app-edge"].map((name) => join(folder, "apps", name));
  await rm(to, { recursive: true, force: true });
  await cp(from, to, { recursive: true, filter: (path) => !path.includes(".next") });
  use({}, () => rm(to, { recursive: true }));
  await rename(join(to, "proxy.ts"), join(to, "middleware.ts"));
  const text = await readFile(join(to, "middleware.ts"), "utf8");
  await writeFile(join(to, "middleware.ts"), text.replaceAll("sentinelProxy", "sentinelMiddleware").replace("const proxy", "const middleware"));
  return "next-app-edge";
}

/** The guide shows these very files: each block names its file in its first line. */
export async function checkGuide() {
  const text = await readFile(join(root, "docs/guide/nextjs.md"), "utf8");
  const blocks = [...text.matchAll(/^```[jt]s\n(\/\/ (\S+)\n[^]*?)^```$/gm)];
  for (const [, code, path] of blocks) assert.equal(code, await readFile(join(folder, "apps/next-app", path), "utf8"), path);
  assert.equal(blocks.length, 6);
}

export const checkNextApp = (provider, edge) =>
  withResources(async (use) => {
    const server = use(
      await startSentinel({
        ALLOW_LOOPBACK_PROVIDERS: "true",
        OIDC_ISSUER: provider.issuer,
        OIDC_CLIENT_ID: SERVER.id,
        OIDC_CLIENT_SECRET: SERVER.secret,
        OIDC_EXTRA_AUDIENCES: "web-RS256",
        ADMIN_EMAILS: "root@example.test",
        BUNDLE_LIFETIME: "10",
        OIDC_TRUST_EMAIL: "true",
      }),
    );
    const { key } = await server.cli("service", "create", "notes", "--policy", "all");
    await server.cli("client", "create", "web", "--redirect-uri", FRONT_END);
    const { access_token: token, workspace } = await loginThrough(server, { login: "ada", redirect: FRONT_END });
    const { sub } = JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
    const [mine, none] = [randomUUID(), randomUUID()];
    const record = { service_name: "notes", resource_type: "note", resource_id: mine, workspace_id: workspace.id, owner_id: sub, visibility: "private" };
    await json(`${server.url}/permissions/register`, record, { "x-service-key": key });

    const secret = randomBytes(32).toString("base64url");
    const app = use(
      await startNext(edge ? await atTheEdge(use) : "next-app", {
        SENTINEL_PROXY_SECRET: secret,
        SENTINEL_URL: server.url,
        SENTINEL_SERVICE_NAME: "notes",
        SENTINEL_SERVICE_KEY: key,
      }),
    );
    const ask = async (path, headers = {}, init = {}) => {
      const response = await fetch(app.url + path, { redirect: "manual", headers, ...init });
      const text = (await response.text()).replaceAll("<!-- -->", "").replaceAll("&quot;", '"');
      return { status: response.status, text, shown: /<p>(.*?)<\/p>/.exec(text)?.[1], headers: response.headers };
    };
    const bearer = { authorization: `Bearer ${token}` };
    const cookie = { cookie: `sentinel_access_token=${token}` };
    const page = { accept: "text/html" };

    // Who asks, by header and by cookie, and nobody.
    assert.equal((await ask("/")).shown, "null");
    for (const credentials of [bearer, cookie]) {
      const user = JSON.parse((await ask("/", credentials)).shown);
      assert.deepEqual([user.userId, user.workspaceId, user.workspaceRole], [sub, workspace.id, "owner"]);
    }
    assert.equal((await ask("/", { authorization: "Bearer nonsense" })).shown, "null", "what is public stays so");

    // Names that are the proxy's alone, on paths that it takes and on one that it does not.
    const { text: proven } = await ask("/api/admin", bearer);
    assert.equal(JSON.parse(proven).userId, sub);
    const spoofed = {
      "x-sentinel-user-id": "mallory",
      "x-sentinel-workspace-role": "owner",
      "X-Sentinel-Proof": "e30.e30",
    };
    for (const path of ["/", "/outside"]) assert.equal((await ask(path, spoofed)).shown, "null", path);
    assert.equal((await ask(`/notes/${mine}`, { ...bearer, ...spoofed, "x-sentinel-workspace-role": "king" })).shown, "ada@example.test owner true");
    assert.equal((await ask(`/notes/${none}`, bearer)).shown, "ada@example.test owner false");
    assert.equal((await ask("/outside", bearer)).shown, "null", "no proxy, no user");

    // What is refused, and how.
    const login = await ask("/notes/7?tab=1", page);
    assert.equal(login.status, 307);
    const target = new URL(login.headers.get("location"), app.url);
    assert.deepEqual([target.pathname, target.searchParams.get("returnTo")], ["/login", "/notes/7?tab=1"]);
    assert.equal(login.headers.get("cache-control"), "no-store");
    assert.equal((await ask("/login?returnTo=//evil.example.com", page)).shown, "return to /");
    assert.equal((await ask(`/login${target.search}`, page)).shown, "return to /notes/7?tab=1");
    const refusal = async (...asked) => {
      const { status, text, headers } = await ask(...asked);
      assert.match(headers.get("content-type"), /^application\/problem\+json/);
      return [status, JSON.parse(text).code];
    };
    assert.deepEqual(await refusal("/api/admin"), [401, "unauthenticated"]);
    assert.deepEqual(await refusal("/api/admin", { authorization: `Bearer ${tampered(token)}` }), [401, "signature_invalid"]);
    assert.deepEqual(await refusal("/kings", { ...bearer, ...page }), [403, "role_required"]);
    assert.deepEqual(await refusal("/elsewhere", { ...bearer, ...page }), [403, "no_rule"]);
    assert.deepEqual(await refusal("/%2e%2e%2fapi/admin", bearer), [403, "path_refused"]);

    // A cookie changes nothing for another site's page.
    const post = { method: "POST" };
    assert.deepEqual(await refusal("/api/session", cookie, post), [401, "unauthenticated"]);
    assert.deepEqual(await refusal("/api/session", { ...cookie, origin: "https://evil.example.com" }, post), [401, "unauthenticated"]);
    assert.deepEqual(await refusal("/api/session", { ...cookie, origin: app.url, "sec-fetch-site": "cross-site" }, post), [401, "unauthenticated"]);
    const session = await ask("/api/session", bearer, post);
    assert.equal(session.status, 204);
    assert.match(session.headers.get("set-cookie"), /^sentinel_access_token=ey.*; HttpOnly/i);

    // A Server Action, as a form without scripts sends it.
    const form = (await ask("/act", cookie)).text;
    const [, action] = /name="(\$ACTION_ID_[^"]+)"/.exec(form) ?? assert.fail(form);
    const body = new FormData();
    body.set(action, "");
    const acted = await fetch(`${app.url}/act`, { method: "POST", body, headers: { ...cookie, origin: app.url } });
    assert.equal(acted.status, 200);
    assert.match((await acted.text()).replaceAll("<!-- -->", ""), /acted: ada@example\.test/);
    await checkPair({ server, key, provider, workspace, secret });
    await checkBundle({ ask, refusal, server, key, workspace, sub, token, mine, none });
  });

/** What the bundle decides, with the proxy and the pages in front of the real server: it changes, is stopped and comes back. */
async function checkBundle({ ask, refusal, server, key, workspace, sub, token, mine, none }) {
  const bearer = { authorization: `Bearer ${token}` };
  const status = async (...asked) => (await ask(...asked)).status;
  /** Until it is answered so: within the bundle's age and life, and the test's own time. */
  const until = async (expected, ...asked) => {
    while ((await status(...asked)) !== expected) await new Promise((resolve) => setTimeout(resolve, 200));
  };

  // A relation: of the resource that was registered, and of one that was not. `can` asks the server where it has no bundle.
  assert.equal((await ask(`/shared/${mine}`, bearer)).text, "shared");
  assert.deepEqual(await refusal(`/shared/${none}`, bearer), [403, "relation_required"]);
  assert.deepEqual(await refusal(`/shared/${mine}`), [401, "unauthenticated"]);
  for (const [id, answer] of [[mine, "true"], [none, "false"]]) assert.equal((await ask(`/api/notes/${id}`, bearer)).text, answer);

  // Without the server: to the bundle's end, then closed, and open again once it is back.
  await server.stop();
  assert.equal((await ask(`/shared/${mine}`, bearer)).text, "shared");
  assert.equal((await ask(`/notes/${mine}`, bearer)).shown, "ada@example.test owner true");
  await until(503, `/shared/${mine}`, bearer);
  for (const path of [`/shared/${mine}`, "/export", "/api/admin"]) assert.deepEqual(await refusal(path, bearer), [503, "bundle_stale"]);
  assert.equal(await status("/"), 200);
  await server.start();
  await until(200, `/shared/${mine}`, bearer);

  // Whoever logs out is refused with the next bundle.
  const { access_token: other } = await loginThrough(server, { login: "ada", redirect: FRONT_END });
  const leaving = { authorization: `Bearer ${other}` };
  assert.equal(await status(`/shared/${mine}`, leaving), 200);
  await json(`${server.url}/auth/logout`, {}, leaving);
  await until(401, `/shared/${mine}`, leaving);
  assert.deepEqual(await refusal("/api/admin", leaving), [401, "token_revoked"]);
  assert.equal(await status(`/shared/${mine}`, bearer), 200);

  // An action: of a role that is given, and taken.
  assert.deepEqual(await refusal("/export", bearer), [403, "action_required"]);
  await json(`${server.url}/roles/actions/register`, { service_name: "notes", actions: [{ action: "notes:export" }] }, { "x-service-key": key });
  const admin = await logInAsAdmin(server);
  const given = { workspace: workspace.id, name: "Porter", service: "notes", actions: ["notes:export"], people: [sub] };
  const role = await giveRole(admin, given);
  await until(200, "/export", bearer);
  await admin("DELETE", `${role}/members/${sub}`);
  await until(403, "/export", bearer);
}


/** Two tokens, asked of the proxy's function itself: in headers, in cookies, and each without the other. */
async function checkPair({ server, key, provider, workspace, secret }) {
  const { createTokenPair, createVerifier } = await import("sentinel-edge");
  const { sentinelProxy } = await import("sentinel-edge/next");
  const { NextRequest } = await import("next/server.js");
  const { id_token } = await logInAt(provider, { clientId: "web-RS256", login: "ada" });
  const asked = { idp_token: id_token, provider: "oidc", workspace_id: workspace.id };
  const { authz_token } = await json(`${server.url}/authz/resolve`, asked, { "x-service-key": key });
  const rules = [{ method: "*", path: "/notes", allow: { role: "editor" } }];
  const algorithms = ["RS256"];
  const verifier = createTokenPair({
    identity: createVerifier({ issuer: provider.issuer, audience: "web-RS256", algorithms, jwksUrl: provider.jwksUrl, profile: "oidc" }),
    authorization: createVerifier({ issuer: server.url, audience: "sentinel:authz", algorithms, jwksUrl: server.jwksUrl, rules }),
    service: "notes",
  });
  assert.throws(() => sentinelProxy({ verifier, pair: true, secret: "short" }), { code: "configuration_invalid" });
  const proxy = sentinelProxy({ verifier, pair: true, secret });
  const says = async (headers) => {
    const response = await proxy(new NextRequest("http://localhost/notes", { headers }));
    return response.headers.get("x-middleware-next") === "1" ? response.headers.get("x-middleware-request-x-sentinel-idp-sub") : response.status;
  };
  const authorization = `Bearer ${id_token}`;
  const cookies = { sentinel_access_token: id_token, sentinel_authz_token: authz_token };
  const cookie = (...names) => names.map((name) => `${name}=${cookies[name]}`).join("; ");
  assert.equal(await says({ authorization, "x-authz-token": authz_token }), "ada");
  assert.equal(await says({ cookie: cookie("sentinel_access_token", "sentinel_authz_token") }), "ada");
  assert.equal(await says({ authorization }), 401);
  assert.equal(await says({ "x-authz-token": authz_token }), 401);
  assert.equal(await says({ authorization: `Bearer ${authz_token}`, "x-authz-token": authz_token }), 401);
  assert.equal(await says({ cookie: cookie("sentinel_access_token") }), 401);
  assert.equal(await says({ authorization, cookie: cookie("sentinel_authz_token") }), 401, "no half of each");
}
