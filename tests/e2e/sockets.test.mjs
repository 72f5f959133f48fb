// A service's sockets behind the gateway in workerd, opened with tickets of our own server or by a first message.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { installed } from "../hosts/install.mjs";
import { temporaryFolder, withResources } from "../hosts/resources.mjs";

await installed("hosts", "e2e");
const { claimsOf, startDeployment, startGateway } = await import("./deployment.mjs");
const { sentinel } = await import("./sentinel.mjs");
const { json } = await import("./login.mjs");

/** Seconds: the service hears every two of what is taken back, and looks at each socket every second. */
const BOUND = 3;

/** `examples/user-files`, once it listens. */
async function startFiles(use, settings) {
  const data = use(await temporaryFolder("sentinel-files-"));
  const program = join(dirname(sentinel()), "user-files");
  if (!existsSync(program)) throw new Error("the example is missing: build it with `cargo build -p user-files`");
  const env = { ...settings, DATA: data.path, ADDRESS: "127.0.0.1:0", ALLOW_LOOPBACK: "true" };
  const child = spawn(program, { env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  use(child, () => (child.kill(), ended));
  const { value: line } = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
  if (!line) throw new Error("the service did not start");
  return `http://${line.split(" ").at(-1)}`;
}

/** A socket through the gateway: what it says, in order, and at last how it was closed; or only the status of a refusal. */
async function open(gateway, { query = "", first } = {}) {
  const { status, webSocket } = await gateway.fetch(`/live${query}`, { headers: { upgrade: "websocket" } });
  if (!webSocket) return { status };
  const heard = [];
  let wake = () => {};
  const hear = (one) => (heard.push(one), wake());
  webSocket.addEventListener("message", ({ data }) => hear(JSON.parse(data)));
  webSocket.addEventListener("close", ({ code, reason }) => hear({ code, reason }));
  webSocket.accept();
  if (first !== undefined) webSocket.send(first);
  const next = async () => {
    while (!heard.length) await new Promise((resolve) => (wake = resolve));
    return heard.shift();
  };
  return { status, next };
}

test("a ticket opens one socket through the gateway, and what is taken back ends it", { timeout: 180_000 }, () =>
  withResources(async (use) => {
    const server = await startDeployment(use);
    const { key } = await server.cli("service", "create", "files");
    await server.cli("service", "create", "mail");
    const { key: gatewayKey } = await server.cli("service", "create", "gateway");
    const files = await startFiles(use, { ISSUER: server.url, JWKS_URL: server.jwksUrl, SENTINEL_URL: server.url, SENTINEL_SERVICE_KEY: key });
    const gateway = use(
      await startGateway(server, {
        origin: files,
        key: gatewayKey,
        config: {
          rules: [
            // A ticket is nothing that a gateway could judge.
            { method: "GET", path: "/live", allow: "public" },
            { method: "*", path: "/files/**", allow: "authenticated" },
          ],
        },
        gateway: { forwardTokens: true, revocations: { url: `${server.url}/revocations`, maxAge: 1, maxStale: 30 } },
      }),
    );
    const [{ access_token: ada }, { access_token: bob }] = [await server.logIn("ada"), await server.logIn("bob")];
    const bearer = (token) => ({ authorization: `Bearer ${token}` });
    const ticketOf = async (token, service_name = "files") => {
      const { ticket, expires_in } = await json(`${server.url}/ws/tickets`, { service_name }, bearer(token));
      assert.ok(ticket.startsWith("wst_") && expires_in === 30, ticket);
      return ticket;
    };
    const write = async (token, path) => {
      const { status } = await gateway.fetch(`/files/${path}`, { method: "PUT", headers: bearer(token), body: "text" });
      assert.equal(status, 201);
    };

    // Of all who come with it one gets in.
    const ticket = await ticketOf(ada);
    const tries = await Promise.all(Array.from({ length: 6 }, () => open(gateway, { query: `?ticket=${ticket}` })));
    assert.deepEqual(tries.map(({ status }) => status).sort(), [101, 401, 401, 401, 401, 401]);
    const ofAda = tries.find(({ status }) => status === 101);
    assert.deepEqual(await ofAda.next(), { ready: true });
    assert.equal((await open(gateway, { query: `?ticket=${ticket}` })).status, 401, "also while the socket is open");

    // The other way in: the first message.
    const ofBob = await open(gateway, { first: bob });
    assert.deepEqual(await ofBob.next(), { ready: true });
    // Each hears of their own files alone.
    await write(bob, "b.md");
    await write(ada, "a.md");
    await write(bob, "c.md");
    assert.deepEqual(await ofAda.next(), { changed: "a.md" });
    assert.deepEqual([await ofBob.next(), await ofBob.next()], [{ changed: "b.md" }, { changed: "c.md" }]);

    // Neither another service's ticket nor a token in the URL is one, and no ticket is a token.
    assert.equal((await open(gateway, { query: `?ticket=${await ticketOf(ada, "mail")}` })).status, 401);
    assert.equal((await open(gateway, { query: `?ticket=${ada}` })).status, 400);
    const two = [await ticketOf(ada), await ticketOf(ada)];
    assert.equal((await open(gateway, { query: `?ticket=${two[0]}&ticket=${two[1]}` })).status, 400);
    for (const first of [await ticketOf(ada), `${ada}x`]) {
      assert.equal((await (await open(gateway, { first })).next()).code, 4401, first);
    }
    for (const query of [`?access_token=${ada}`, `?token=${ada}`]) {
      // It opens as anybody's, and waits for a first message that is the token.
      const anybody = await open(gateway, { query, first: "hello" });
      assert.equal((await anybody.next()).code, 4401, query);
    }
    // Without the upgrade nothing of a ticket is used.
    const kept = await ticketOf(ada);
    assert.equal((await gateway.fetch(`/live?ticket=${kept}`)).status, 400);

    // One session ends: its socket with it, the other goes on, and no ticket of it opens anything.
    const left = await ticketOf(ada);
    const second = await open(gateway, { query: `?ticket=${kept}` });
    assert.deepEqual(await second.next(), { ready: true });
    await json(`${server.url}/auth/logout`, {}, bearer(ada));
    const began = Date.now();
    for (const socket of [ofAda, second]) assert.deepEqual(await socket.next(), { code: 4401, reason: "token_revoked" });
    // With slack for a loaded machine.
    assert.ok(Date.now() - began < (BOUND + 10) * 1000, `open for ${Date.now() - began} ms`);
    assert.equal((await open(gateway, { query: `?ticket=${left}` })).status, 401);
    await write(bob, "d.md");
    assert.deepEqual(await ofBob.next(), { changed: "d.md" });

    // A whole user.
    await server.cli("user", "deactivate", claimsOf(bob).sub);
    assert.deepEqual(await ofBob.next(), { code: 4401, reason: "token_revoked" });
  }),
);
