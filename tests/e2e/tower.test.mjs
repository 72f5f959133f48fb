// A Rust service behind sentinel-tower that asks for relations: of the server's bundle, or of the server each time.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { installed, root, run } from "../hosts/install.mjs";
import { withResources } from "../hosts/resources.mjs";

await installed("hosts", "e2e");
const { claimsOf, startDeployment } = await import("./deployment.mjs");
const { json } = await import("./login.mjs");

const SERVICE = ["-p", "sentinel-tower", "--example", "relations"];

/** `tower/examples/relations.rs`, once it listens. */
async function startService(settings) {
  const child = spawn("cargo", ["run", "--quiet", ...SERVICE], { cwd: root, env: { ...process.env, ...settings }, stdio: ["ignore", "pipe", "inherit"], detached: true });
  const ended = new Promise((resolve) => child.once("close", resolve));
  const close = () => {
    try {
      // Cargo and the program that it runs.
      process.kill(-child.pid);
    } catch {
      // It has ended already.
    }
    return ended;
  };
  const { value: url } = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
  if (!url) throw new Error("the service did not start");
  return { url, close };
}

test("a Rust service asks its bundle or the server for relations", { timeout: 300_000 }, () =>
  withResources(async (use) => {
    await run("cargo", ["build", "--quiet", ...SERVICE], { cwd: root });
    const server = await startDeployment(use, { BUNDLE_LIFETIME: "10" });
    const { key } = await server.cli("service", "create", "notes", "--policy", "all");
    const [ada, bob] = [await server.logIn("ada"), await server.logIn("bob")];
    const { sub, wid } = claimsOf(ada.access_token);
    const register = (id) =>
      json(`${server.url}/permissions/register`, { service_name: "notes", resource_type: "note", resource_id: id, workspace_id: wid, owner_id: sub, visibility: "private" }, { "x-service-key": key });
    const [one, two] = ["4b1c8f0e-7a57-4c53-9a0c-3f1d3c5f2a01", "4b1c8f0e-7a57-4c53-9a0c-3f1d3c5f2a02"];
    await register(one);
    const authorization = { authorization: `Bearer ${key}` };
    const { stores } = await json(`${server.url}/stores`, undefined, authorization);
    // The one that knows the note.
    const asked = { tuple_key: { user: `user:${sub}`, relation: "view", object: `resource:notes/note/${one}` } };
    const knows = await Promise.all(stores.map(({ id }) => json(`${server.url}/stores/${id}/check`, asked, authorization).then(({ allowed }) => allowed, () => false)));
    const store = `${server.url}/stores/${stores[knows.indexOf(true)]?.id}`;
    const settings = { SENTINEL_URL: server.url, SENTINEL_WORKSPACE: wid, SENTINEL_SERVICE_KEY: key };
    const services = [];
    for (const ask of [undefined, `${store}/check`, `${store}/access/v1/evaluation`]) {
      services.push([ask ?? "the bundle", use(await startService({ ...settings, ...(ask && { SENTINEL_ASK: ask }) }))]);
    }
    const ask = async ({ url }, path, { access_token: token } = ada) => {
      const response = await fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } });
      const said = await response.text();
      const problem = response.ok ? {} : JSON.parse(said);
      return [response.status, problem.code ?? problem.reason];
    };
    for (const [name, service] of services) {
      assert.deepEqual(await ask(service, `/notes/${one}`), [200, undefined], name);
      assert.deepEqual(await ask(service, `/notes/${one}/shares`), [200, undefined], name);
      assert.deepEqual(await ask(service, `/notes/${two}`), [403, "relation_required"], name);
      assert.deepEqual(await ask(service, `/notes/${two}/shares`), [403, "relation_required"], name);
      assert.deepEqual(await ask(service, `/notes/${one}`, bob), [403, "relation_required"], `${name}: another workspace's token`);
    }
    // What is granted now is known at once, also to who holds a bundle.
    await register(two);
    for (const [name, service] of services) {
      for (const began = Date.now(); (await ask(service, `/notes/${two}`))[0] !== 200; await later(20)) assert.ok(Date.now() - began < 30_000, name);
    }
    // Without the server only the bundle has an answer, until it ends.
    await server.stop();
    const [[, holder], ...others] = services;
    assert.deepEqual(await ask(holder, `/notes/${one}`), [200, undefined]);
    for (const [name, service] of others) assert.deepEqual(await ask(service, `/notes/${one}`), [503, "unavailable"], name);
    for (const began = Date.now(); (await ask(holder, `/notes/${one}`))[0] !== 503; await later(100)) assert.ok(Date.now() - began < 30_000, "it never ended");
    await server.start();
    for (const [name, service] of services) {
      for (const began = Date.now(); (await ask(service, `/notes/${one}`))[0] !== 200; await later(100)) assert.ok(Date.now() - began < 40_000, name);
    }
  }),
);
