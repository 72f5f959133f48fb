// The gateway in workerd before an origin, with tokens and revocations of our own server.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { installed } from "../hosts/install.mjs";
import { temporaryFolder, withResources } from "../hosts/resources.mjs";

await installed("hosts", "e2e");
const { GATEWAY_KEY, claimsOf, startDeployment, startGateway } = await import("./deployment.mjs");
const { startSentinel } = await import("./sentinel.mjs");
const { json, loginThrough } = await import("./login.mjs");

/** Seconds. */
const BOUND = { maxAge: 1, maxStale: 3 };

/** An origin that lets nobody in without a proof that holds for this request. */
async function startOrigin() {
  const server = createServer((request, response) => {
    const [header, payload, signature] = (request.headers["x-sentinel-gateway"] ?? "..").split(".");
    const expected = createHmac("sha256", GATEWAY_KEY).update(`${header}.${payload}`).digest("base64url");
    const claims = signature === expected ? claimsOf(`.${payload}.`) : {};
    if (claims.htm !== request.method || claims.htu !== request.url) return response.writeHead(401).end("around the gateway");
    response.setHeader("content-type", "application/json").end(JSON.stringify({ claims, headers: request.headers }));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return { url: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((closed) => server.close(closed).closeAllConnections()) };
}

test("a token that our server takes back is refused at the gateway within the bound", { timeout: 120_000 }, () =>
  withResources(async (use) => {
    const server = await startDeployment(use);
    const { key } = await server.cli("service", "create", "gateway");
    const origin = use(await startOrigin());
    const gateway = use(
      await startGateway(server, {
        origin: origin.url,
        key,
        config: { rules: [{ method: "GET", path: "/notes/**", allow: { role: "owner" } }] },
        gateway: { revocations: { url: `${server.url}/revocations`, ...BOUND } },
      }),
    );
    const ask = async (token) => {
      const response = await gateway.fetch("/notes/7?page=2", { headers: { authorization: `Bearer ${token}` } });
      const body = await response.json();
      return { status: response.status, why: body.code ?? body.reason, ...body };
    };
    /** Until it is refused; fails where that takes longer than the bound and a second of slack for a loaded machine's clock. */
    const refusedWithin = async (token, seconds) => {
      const began = Date.now();
      for (;;) {
        const answer = await ask(token);
        if (answer.status !== 200) return answer;
        assert.ok(Date.now() - began < (seconds + 10) * 1000, `still let in after ${Date.now() - began} ms`);
        await later(100);
      }
    };

    const [ada, bob] = [await server.logIn("ada"), await server.logIn("bob")];
    const { status, claims, headers } = await ask(ada.access_token);
    const { sub, jti, wid } = claimsOf(ada.access_token);
    assert.equal(status, 200);
    assert.deepEqual([claims.sub, claims.token_jti, claims.wid, claims.token_iss, claims.wroles], [sub, jti, wid, server.url, ["owner"]]);
    assert.equal(headers["x-sentinel-user-id"], sub);
    assert.equal(await (await fetch(`${origin.url}/notes/7`, { headers: { "x-sentinel-user-id": sub } })).text(), "around the gateway");

    // One session ends; another user's goes on.
    await json(`${server.url}/auth/logout`, {}, { authorization: `Bearer ${ada.access_token}` });
    assert.deepEqual(await refusedWithin(ada.access_token, BOUND.maxAge).then(({ status, why }) => [status, why]), [401, "token_revoked"]);
    assert.equal((await ask(bob.access_token)).status, 200);

    // A whole user, by the command line.
    await server.cli("user", "deactivate", claimsOf(bob.access_token).sub);
    assert.equal((await refusedWithin(bob.access_token, BOUND.maxAge)).why, "token_revoked");

    // The server is gone: what it said last serves for a while, then nobody is let in.
    const eve = await server.logIn("eve");
    assert.equal((await ask(eve.access_token)).status, 200);
    await server.close();
    assert.equal((await ask(eve.access_token)).status, 200, "within the bound of what may be stale");
    assert.deepEqual(await refusedWithin(eve.access_token, BOUND.maxStale).then(({ status, why }) => [status, why]), [503, "unavailable"]);
  }),
);

/** Seconds. */
const LIFETIME = 10;

test("relations are decided by the server's own bundle, without it, and until it ends", { timeout: 180_000 }, () =>
  withResources(async (use) => {
    const server = await startDeployment(use, { BUNDLE_LIFETIME: String(LIFETIME) });
    const { key: notes } = await server.cli("service", "create", "notes");
    // The gateway's key opens the notes' bundle; only who asks the server needs one that opens the store.
    const { key: reads } = await server.cli("service", "create", "gateway", "--bundles", "notes/all");
    const { key } = await server.cli("service", "create", "asking", "--policy", "all");
    const origin = use(await startOrigin());
    const [ada, bob] = [await server.logIn("ada"), await server.logIn("bob")];
    const { sub, wid } = claimsOf(ada.access_token);
    const evaluation = "whoever has this may ask at the edge, 32 bytes";
    const bundle = { url: `${server.url}/bundles/v1/workspaces/{workspace}/services/notes`, audience: "notes", maxAge: 1 };
    const start = (settings, serviceKey = reads) =>
      startGateway(server, {
        origin: origin.url,
        key: serviceKey,
        config: {
          allowedWorkspaces: [wid],
          rules: [{ method: "GET", path: "/notes/:id", allow: { relation: "view", object: "resource:notes/note/{id}" } }],
        },
        gateway: { bundle, ...settings },
        bindings: { SENTINEL_EVALUATION_KEY: evaluation },
        more: { kvNamespaces: ["SENTINEL_STATE"] },
      });
    const gateway = use(await start());
    const ask = async (path, { access_token: token } = ada, at = gateway) => {
      const response = await at.fetch(path, { headers: { authorization: `Bearer ${token}` } });
      const body = await response.json();
      return [response.status, body.code ?? body.reason];
    };
    /** Until it is answered so; fails where that never comes. */
    const until = async (path, expected) => {
      const began = Date.now();
      for (let answer; (answer = await ask(path))[0] !== expected; await later(100)) assert.ok(Date.now() - began < 30_000, `still ${answer}`);
    };
    const register = (id) =>
      json(`${server.url}/permissions/register`, { service_name: "notes", resource_type: "note", resource_id: id, workspace_id: wid, owner_id: sub, visibility: "private" }, { "x-service-key": notes });
    const atEdge = async (id) => {
      const init = { method: "POST", headers: { authorization: `Bearer ${evaluation}`, "content-type": "application/json" } };
      const question = { subject: { type: "user", id: sub }, action: { name: "view" }, resource: { type: "resource", id: `notes/note/${id}` } };
      const response = await gateway.fetch(`/access/v1/evaluation?workspace=${wid}`, { ...init, body: JSON.stringify(question) });
      return response.json();
    };

    const [one, two] = ["4b1c8f0e-7a57-4c53-9a0c-3f1d3c5f2a01", "4b1c8f0e-7a57-4c53-9a0c-3f1d3c5f2a02"];
    await register(one);
    assert.deepEqual(await ask(`/notes/${one}`), [200, undefined]);
    assert.deepEqual(await ask(`/notes/${two}`), [403, "relation_required"]);
    assert.deepEqual(await ask(`/notes/${one}`, bob), [403, "workspace_not_allowed"]);
    assert.deepEqual([await atEdge(one), await atEdge(two)], [{ decision: true }, { decision: false }]);
    // What is granted now is known at the gateway soon, and what is taken away is gone.
    await register(two);
    await until(`/notes/${two}`, 200);
    const gone = await fetch(`${server.url}/permissions/resource/notes/note/${two}`, { method: "DELETE", headers: { "x-service-key": notes } });
    assert.ok(gone.ok, `${gone.status}`);
    await until(`/notes/${two}`, 403);

    // A gateway that can have no bundle asks the server itself, where it is told to, and nobody where it is not.
    const elsewhere = { ...bundle, url: bundle.url.replace("{workspace}", wid), audience: "mail" };
    const alone = use(await start({ bundle: elsewhere }));
    assert.equal((await ask(`/notes/${one}`, ada, alone))[0], 503);
    const authorization = { authorization: `Bearer ${key}` };
    const { stores } = await json(`${server.url}/stores`, undefined, authorization);
    const asked = { tuple_key: { user: `user:${sub}`, relation: "view", object: `resource:notes/note/${one}` } };
    const knows = await Promise.all(stores.map(({ id }) => json(`${server.url}/stores/${id}/check`, asked, authorization).then(({ allowed }) => allowed, () => false)));
    const store = `${server.url}/stores/${stores[knows.indexOf(true)]?.id}`;
    for (const url of [`${store}/check`, `${store}/access/v1/evaluation`]) {
      const asking = use(await start({ bundle: elsewhere, undecided: "ask", ask: url }, key));
      assert.deepEqual(await ask(`/notes/${one}`, ada, asking), [200, undefined], url);
      assert.deepEqual(await ask(`/notes/${two}`, ada, asking), [403, "relation_required"], url);
    }
    // The key that only reads a bundle opens no question: what is open stays closed.
    const reading = use(await start({ bundle: elsewhere, undecided: "ask", ask: `${store}/check` }));
    assert.equal((await ask(`/notes/${one}`, ada, reading))[0], 503);

    // The server is gone: what it published last decides until its end, then nothing is opened; and by itself it goes on.
    await server.stop();
    assert.deepEqual(await ask(`/notes/${one}`), [200, undefined]);
    await until(`/notes/${one}`, 503);
    await server.start();
    await until(`/notes/${one}`, 200);
  }),
);

test("roles of a tenant, with logins by password, open what their table says", { timeout: 120_000 }, () =>
  withResources(async (use) => {
    const server = use(await startSentinel());
    const { key } = await server.cli("service", "create", "gateway");
    const origin = use(await startOrigin());
    const analyst = ["/upload", "/process", "/chat", "/export"].map((path) => ({ method: "*", path, allow: { role: "analyst" } }));
    const admin = ["/users/**", "/tenant/config", "/audit"].map((path) => ({ method: "*", path, allow: { role: "admin" } }));
    const gateway = use(
      await startGateway(server, {
        origin: origin.url,
        key,
        config: {
          profile: "tenant",
          rules: [{ method: "GET", path: "/data/own/**", allow: { role: "viewer" } }, ...analyst, ...admin],
        },
        gateway: { revocations: { url: `${server.url}/revocations`, ...BOUND } },
      }),
    );
    const send = async (path, body, expected) => {
      const response = await fetch(`${server.url}/api/v1/auth/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      assert.equal(response.status, expected);
      return response.status === 204 ? undefined : response.json();
    };
    const password = "secure-Passw0rd-of-mine";
    await server.cli("user", "create", "owner@firm.test", "--name", "Olive");
    await server.cli("workspace", "create", "firm", "--name", "Firm", "--owner", "owner@firm.test");
    const order = ["viewer", "analyst", "admin"];
    for (const [given, role] of [["viewer", "viewer"], ["editor", "analyst"], ["admin", "admin"]]) {
      const email = `${given}@firm.test`;
      await server.cli("user", "create", email, "--name", given);
      await server.cli("workspace", "add-member", "firm", email, "--role", given);
      const { secret } = await server.cli("password", "link", email);
      await send("password/reset", { secret, new_password: password }, 204);
      const session = await send("login", { email, password }, 200);
      assert.equal(session.user.role, role);
      for (const [method, path, least] of [
        ["GET", "/data/own/7", "viewer"],
        ["POST", "/upload", "analyst"],
        ["POST", "/process", "analyst"],
        ["POST", "/chat", "analyst"],
        ["GET", "/export", "analyst"],
        ["POST", "/users/7", "admin"],
        ["PUT", "/tenant/config", "admin"],
        ["GET", "/audit", "admin"],
      ]) {
        const ask = (headers) => gateway.fetch(path, { method, headers });
        const answer = await ask({ authorization: `Bearer ${session.access_token}` });
        const may = order.indexOf(role) >= order.indexOf(least);
        assert.equal(answer.status, may ? 200 : 403, `${method} ${path} as ${role}`);
        const said = await answer.json();
        if (may) assert.deepEqual([said.claims.wroles, said.claims.wid], [[role], session.user.tenant_id]);
        const nobody = await ask({});
        assert.equal(nobody.status, 401);
        await nobody.text();
      }
    }
  }),
);

/** `--claims converged`: each front end of the fleet is a port of its own. */
const FLEET = ["http://127.0.0.1:3001/callback", "http://127.0.0.1:3002/callback"];
const KNOWN = { default_role: "GUEST", people: { john_doe: { role: "ADMIN", email: "john.doe@example.test", first_name: "John", last_name: "Doe" } } };

test("converged tokens open each front end of a fleet by their roles, without the server", { timeout: 120_000 }, () =>
  withResources(async (use) => {
    const folder = use(await temporaryFolder("sentinel-directory-"));
    const directory = join(folder.path, "directory.json");
    await writeFile(directory, JSON.stringify(KNOWN));
    const settings = { OIDC_TRUST_EMAIL: "true", NEWCOMERS: "default-workspace", DEFAULT_WORKSPACE: "platform", DIRECTORY_FILE: directory };
    const server = await startDeployment(use, settings);
    const fleet = [];
    for (const [number, redirect] of FLEET.entries()) {
      await server.cli("client", "create", `front-${number}`, "--redirect-uri", redirect, "--claims", "converged");
      const origin = use(await startOrigin());
      const rules = [
        { method: "GET", path: "/agents", allow: { role: "GUEST" } },
        { method: "POST", path: "/agents", allow: { role: "ADMIN" } },
      ];
      const config = { profile: "convergence", roleOrder: ["GUEST", "EDITOR", "ADMIN", "OWNER"], rules };
      fleet.push(use(await startGateway(server, { origin: origin.url, config })));
    }
    const logIn = async (login, redirect) => (await loginThrough(server, { login, redirect })).access_token;
    // Dots are underscores, and who is not in the directory is a guest of the same workspace.
    const [john, jane] = [await logIn("john.doe", FLEET[0]), await logIn("jane.roe", FLEET[1])];
    const said = (token) => {
      const { uid, username, first_name, last_name, role } = claimsOf(token);
      return { uid, username, first_name, last_name, role };
    };
    assert.deepEqual(said(john), { uid: "uid-john_doe", username: "john_doe", first_name: "John", last_name: "Doe", role: "ADMIN" });
    assert.deepEqual(said(jane), { uid: "uid-jane_roe", username: "jane_roe", first_name: null, last_name: null, role: "GUEST" });
    const { workspace_id: workspace } = claimsOf(john);
    assert.equal(claimsOf(jane).workspace_id, workspace);

    const table = async () => {
      const answers = [];
      for (const gateway of fleet) {
        for (const token of [john, jane]) {
          for (const method of ["GET", "POST"]) {
            const response = await gateway.fetch("/agents", { method, headers: { authorization: `Bearer ${token}` } });
            const { claims } = await response.json();
            answers.push([response.status, claims && [claims.sub, claims.wid, claims.wroles]]);
          }
        }
      }
      return answers;
    };
    const admin = [200, [claimsOf(john).sub, workspace, ["ADMIN"]]];
    const each = [admin, admin, [200, [claimsOf(jane).sub, workspace, ["GUEST"]]], [403, undefined]];
    assert.deepEqual(await table(), [...each, ...each]);
    // "verify permissions without hitting the central database"
    await server.stop();
    assert.deepEqual(await table(), [...each, ...each]);
    await server.start();
  }),
);
