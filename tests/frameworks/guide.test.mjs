// The guide's services, run as they stand: only the server's address is replaced by one on loopback.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { installed, linkPackage, root } from "../hosts/install.mjs";

await installed("hosts", "e2e", "frameworks");
linkPackage("frameworks");
const { getRequestListener } = await import("@hono/node-server");
const { json, loginThrough } = await import("../e2e/login.mjs");
const { SERVER, startProvider } = await import("../e2e/provider.mjs");
const { startSentinel } = await import("../e2e/sentinel.mjs");
const { startWorkerd } = await import("../hosts/workerd.mjs");

const FRONT_END = "http://127.0.0.1/callback";
let provider, server, folder, token, identity;

before(async () => {
  provider = await startProvider();
  server = await startSentinel({
    ALLOW_LOOPBACK_PROVIDERS: "true",
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: SERVER.id,
    OIDC_CLIENT_SECRET: SERVER.secret,
  });
  const { key } = await server.cli("service", "create", "notes");
  await server.cli("client", "create", "web", "--redirect-uri", FRONT_END);
  const { access_token, workspace } = await loginThrough(server, { login: "ada", redirect: FRONT_END });
  token = access_token;
  identity = { userId: JSON.parse(Buffer.from(token.split(".")[1], "base64url")).sub, workspaceId: workspace.id };
  Object.assign(process.env, { SENTINEL_URL: server.url, SENTINEL_SERVICE_KEY: key });
  const text = await readFile(join(root, "docs/guide/javascript-services.md"), "utf8");
  // Where the packages that it imports are found.
  folder = await mkdtemp(join(import.meta.dirname, "node_modules", ".guide-"));
  const blocks = [...text.matchAll(/^```js\n\/\/ (\S+)\n([^]*?)^```$/gm)];
  assert.equal(blocks.length, 7);
  await writeFile(join(folder, "package.json"), '{"type":"module"}');
  for (const [, name, code] of blocks) await writeFile(join(folder, name), code.replaceAll("https://auth.example.com", server.url));
});

after(async () => {
  if (folder) await rm(folder, { recursive: true });
  await server?.close();
  await provider?.close();
});

const load = (name) => import(pathToFileURL(join(folder, name)));

/** What every one of them answers: who is let through, and who is not. */
async function asked(ask, hello) {
  const says = async (path, bearer, method = "GET") => {
    const response = await ask(path, { method, headers: bearer ? { authorization: `Bearer ${bearer}` } : {} });
    const text = await response.text();
    return [response.status, response.status === 200 ? text : JSON.parse(text).code];
  };
  assert.equal((await says("/health"))[0], 200);
  assert.deepEqual(await says("/notes/7", token), [200, hello]);
  assert.deepEqual(await says("/notes/7", token, "PUT"), [200, hello]);
  assert.deepEqual(await says("/notes/7"), [401, "unauthenticated"]);
  assert.deepEqual(await says("/notes/7", `${token.slice(0, -4)}AAAA`), [401, "signature_invalid"]);
  assert.deepEqual(await says("/elsewhere", token), [403, "no_rule"]);
}

async function serving(listener, hello) {
  const http = createServer(listener);
  await new Promise((resolve) => http.listen(0, "127.0.0.1", resolve));
  try {
    const { port } = http.address();
    await asked((path, init) => fetch(`http://127.0.0.1:${port}${path}`, init), hello);
  } finally {
    http.closeAllConnections();
    http.close();
  }
}

test("a handler of fetch events, in Node and in workerd", async () => {
  const { default: worker } = await load("worker.js");
  await serving(getRequestListener(worker.fetch), `hello ${identity.userId}`);
  const workerd = await startWorkerd({ entry: join(folder, "worker.js"), flags: [] });
  try {
    await asked(workerd.fetch, `hello ${identity.userId}`);
  } finally {
    await workerd.close();
  }
});

test("Hono, in Node and in workerd", async () => {
  const { app } = await load("hono.js");
  await serving(getRequestListener(app.fetch), `${identity.userId} asks for 7`);
  await writeFile(join(folder, "hono-worker.js"), 'export { app as default } from "./hono.js";');
  const workerd = await startWorkerd({ entry: join(folder, "hono-worker.js") });
  try {
    await asked(workerd.fetch, `${identity.userId} asks for 7`);
  } finally {
    await workerd.close();
  }
});

test("Express", async () => serving((await load("express.js")).app, `${identity.userId} asks for 7`));

test("Fastify", async () => {
  const { app } = await load("fastify.js");
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  try {
    await asked((path, init) => fetch(url + path, init), `${identity.userId} asks for 7`);
  } finally {
    await app.close();
  }
});

test("what the server takes back", async () => {
  const { verifier, stop } = await load("follow.js");
  try {
    assert.equal((await verifier.verify(token)).claims.sub, identity.userId);
    const { access_token: other } = await loginThrough(server, { login: "ada", redirect: FRONT_END });
    await verifier.verify(other);
    await json(`${server.url}/auth/logout`, {}, { authorization: `Bearer ${other}` });
    while (await verifier.verify(other).then(() => true, (error) => assert.equal(error.code, "token_revoked"))) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    stop();
  }
});

test("asking the server", async () => {
  const { create, mayEdit, mayExport } = await load("notes.js");
  const id = randomUUID();
  assert.equal(await mayEdit(token, id), false);
  await create(id, identity);
  assert.equal(await mayEdit(token, id), true);
  assert.equal(await mayExport(token, identity), false);
});
