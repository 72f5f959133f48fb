// Signed bundles from a loopback server: bodies written by core, manifests signed by Node's OpenSSL.
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const WORKSPACE = "5f0c6b9e-8d0f-4b39-9a53-0d7c2c1f6f10";
export const SERVICE_KEY = "sk_test_of_the_gateway";
export const MODEL = `model
  schema 1.1
type user
type group
  relations
    define member: [user]
type note
  relations
    define blocked: [group#member]
    define editor: [user]
    define viewer: [user, group#member, user with in_hours] or editor
    define can_read: viewer but not blocked
condition in_hours(hour: int) {
  hour >= 9 && hour < 17
}
`;

const root = fileURLToPath(new URL("../..", import.meta.url));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest();

// What writes bodies. It is compiled before the first test: a Worker waits five seconds for a bundle.
const WRITER = ["-p", "sentinel-core", "--features", "bundle-write,conditions,dsl", "--example", "bundle_bodies"];
execFileSync("cargo", ["build", "--quiet", ...WRITER], { cwd: root, stdio: "inherit" });

let writer;

/** The body of a bundle, as `core/examples/bundle_bodies.rs` writes it. */
async function body(asked) {
  if (writer === undefined) {
    const child = spawn("cargo", ["run", "--quiet", ...WRITER], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
    const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
    child.unref();
    [child.stdin, child.stdout].forEach((stream) => stream.unref());
    let last = Promise.resolve();
    writer = (text) => (last = last.then(async () => {
      child.stdin.ref?.();
      child.stdout.ref();
      child.stdin.write(`${text}\n`);
      const { value } = await lines.next();
      child.stdout.unref();
      if (value === undefined) throw new Error("the writer of bundles is gone");
      return Buffer.from(value, "base64url");
    }));
  }
  return writer(JSON.stringify(asked));
}

/** A manifest and a body as one file (docs/reference/bundle-format.md). */
export function frame(manifest, body) {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(manifest.length);
  return Buffer.concat([Buffer.from("SNTB"), length, Buffer.from(manifest), body]);
}

/** What a holder keeps under: see `Scope::place`. */
export const placeOf = (issuer, audience, workspace, service = "") =>
  sha256(["policy", issuer, audience, workspace, service, ""].map((part) => `${Buffer.byteLength(part)}:${part}`).join("")).toString("base64url");

/** A publisher of one store for every workspace that is asked for; `t` stops it. */
export async function publisher(t, us) {
  await body({ model: MODEL });
  const store = { tuples: [], revoked: [], users: [], revision: 1, life: 300, audience: "notes-backend", issuer: "https://id.example", scope: {}, now: 0 };
  const states = new Map();
  const asked = [];
  let gate = Promise.resolve();
  let lag;
  let delayed = 0;
  const answer = async (request, response) => {
    const url = new URL(request.url, "http://publisher.test");
    asked.push(request.url);
    await gate;
    if (store.down) return response.writeHead(503).end();
    if (request.headers["x-service-key"] !== SERVICE_KEY) return response.writeHead(401).end();
    const [, workspace, service] = /workspaces\/([^/]+)(?:\/services\/([^/]+))?$/.exec(url.pathname) ?? [];
    const { tuples, revoked, users, revision, roles, holders } = store;
    const whole = await body({ model: MODEL, tuples, revoked, users, roles, holders });
    const state = sha256(whole).toString("base64url");
    const since = states.get(url.searchParams.get("since"));
    const content = since
      ? await body({ added: tuples.filter((one) => !since.tuples.includes(one)), removed: since.tuples.filter((one) => !tuples.includes(one)), revoked, users })
      : whole;
    const iat = Math.floor(Date.now() / 1000) + store.now;
    const place = { workspace, ...(service && { service }), ...store.scope };
    const from = since && { previous: url.searchParams.get("since"), from: since.revision };
    const bundle = { kind: since ? "delta" : "full", ...place, revision, state, ...from, length: content.length, sha256: sha256(content).toString("base64url") };
    const manifest = us.jws("sentinel-bundle+jwt", { iss: store.issuer, aud: store.audience, iat, exp: iat + store.life, bundle });
    states.set(state, { revision, tuples });
    const wait = lag;
    lag = undefined;
    if (wait) delayed += 1;
    await wait;
    response.writeHead(200, { "content-type": "application/vnd.sentinel.bundle", etag: `"${state}${iat}"` });
    response.end(store.spoil ? store.spoil(frame(manifest, content)) : frame(manifest, content));
  };
  const server = createServer((request, response) => void answer(request, response).catch((error) => response.destroy(error)));
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  t.after(() => server.close().closeAllConnections());
  return {
    store,
    asked,
    url: `http://127.0.0.1:${server.address().port}/bundles/v1/workspaces/${WORKSPACE}/services/notes-backend`,
    /** Answers nothing until what this gives is called. */
    hold: () => {
      let open;
      gate = new Promise((resolve) => (open = resolve));
      return open;
    },
    /** The next answer is made as ever, but on its way until what this gives is called. */
    delay: () => {
      let arrive;
      lag = new Promise((resolve) => (arrive = resolve));
      return arrive;
    },
    /** How many answers were made so. */
    delayed: () => delayed,
    /** Until it was asked once more than this often. */
    askedAgain: async (times) => {
      while (asked.length <= times) await new Promise((later) => setTimeout(later, 10));
    },
  };
}
