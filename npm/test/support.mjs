// What the tests share: keys and tokens that they make themselves with node:crypto, and a real HTTP server.
import * as crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { after } from "node:test";
import * as testing from "../dist-test/testing.js";

// A process of Node that takes itself down while V8 compiles in the background can hang (nodejs/node#54918). At this event
// everything is done and its report written, of which `--test-force-exit` lost a part; what is left is to end.
process.on("exit", (code) => process.exit(code));

export { testing };
export const ISSUER = "https://login.example.com";
export const AUDIENCE = "my-service";
export const NOW = 1_800_000_000;
export const clock = () => NOW * 1000;

const modules = new Map();

/** The compiled module, as it is published. */
export function module(variant = "full") {
  const known = modules.get(variant);
  if (known) return known;
  const compiled = new WebAssembly.Module(readFileSync(new URL(`../dist-test/${variant}.wasm`, import.meta.url)));
  modules.set(variant, compiled);
  return compiled;
}

const PAIRS = {
  RS: ["rsa", { modulusLength: 2048 }],
  PS: ["rsa", { modulusLength: 2048 }],
  ES256: ["ec", { namedCurve: "P-256" }],
  ES384: ["ec", { namedCurve: "P-384" }],
  ES512: ["ec", { namedCurve: "P-521" }],
  Ed: ["ed25519", {}],
};
const made = new Map();

/** A key pair for an algorithm; the same one for the same `kid`. */
export function keys(algorithm, kid = "k1") {
  const kind = PAIRS[algorithm] ? algorithm : algorithm.slice(0, 2);
  const name = `${kind} ${kid}`;
  if (!made.has(name)) {
    if (kind === "HS") {
      const secret = crypto.randomBytes(64);
      made.set(name, { secret, jwk: { kty: "oct", k: secret.toString("base64url"), kid } });
    } else {
      const { publicKey, privateKey } = crypto.generateKeyPairSync(...PAIRS[kind]);
      made.set(name, { publicKey, privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid } });
    }
  }
  return made.get(name);
}

export const jwks = (...pairs) => ({ keys: pairs.map(({ jwk }) => jwk) });

export const CLAIMS = {
  iss: ISSUER,
  aud: AUDIENCE,
  sub: "u1",
  iat: NOW - 10,
  exp: NOW + 600,
  jti: "t1",
};

const base64url = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** Signs whatever it is given: `claims` may be text. */
export function sign(algorithm, { claims = {}, header = {}, kid = "k1", pair = keys(algorithm, kid) } = {}) {
  const head = base64url(typeof header === "string" ? header : { alg: algorithm, typ: "JWT", kid, ...header });
  const body = base64url(typeof claims === "string" ? claims : { ...CLAIMS, ...claims });
  const data = Buffer.from(`${head}.${body}`);
  return `${data}.${signature(algorithm, pair, data).toString("base64url")}`;
}

export function signature(algorithm, { privateKey: key, secret }, data) {
  const bits = algorithm.slice(2);
  if (secret) return crypto.createHmac(`sha${bits}`, secret).update(data).digest();
  if (algorithm.startsWith("Ed")) return crypto.sign(null, data, key);
  const padding = algorithm.startsWith("PS")
    ? { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: Number(bits) / 8 }
    : {};
  return crypto.sign(`sha${bits}`, data, { key, dsaEncoding: "ieee-p1363", ...padding });
}

/** Settings that accept the tokens of `sign`. */
export const settings = (more = {}) => ({ issuer: ISSUER, audience: AUDIENCE, clock, ...more });

/** The code that something is refused with; fails where it is accepted, or fails in another way. */
export async function refusal(attempt) {
  let accepted;
  try {
    accepted = await attempt();
  } catch (error) {
    if (error.name !== "SentinelError") throw error;
    return error.code;
  }
  throw new Error(`accepted: ${JSON.stringify(accepted)}`);
}

/** A server on a free port that answers with `handler`, and counts. */
export async function serve(handler) {
  const server = createServer((request, response) => {
    answers.requests += 1;
    handler(request, response);
  });
  const answers = { requests: 0 };
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  answers.origin = `http://127.0.0.1:${server.address().port}`;
  answers.url = `${answers.origin}/jwks.json`;
  answers.close = () => new Promise((done) => { server.closeAllConnections(); server.close(done); });
  return answers;
}

/** Answers with JSON. */
export function json(response, body, headers = {}) {
  response.writeHead(200, { "content-type": "application/json", ...headers });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
