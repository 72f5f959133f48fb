// What every contender is given: one key, and as many distinct tokens as there are verifications, so that no cache answers.
import { createHmac, generateKeyPairSync, randomBytes, randomUUID, sign } from "node:crypto";

export const ISSUER = "https://sentinel.bench.test";
export const AUDIENCE = "sentinel:access";

export const ALGORITHMS = ["RS256", "ES256", "EdDSA", "HS256"];

const pairs = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};

const hashes = { RS256: "sha256", ES256: "sha256", EdDSA: null };

const encode = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

/** `{ jwk, pem | secret, signed(header, payload) }` */
function key(alg, kid) {
  if (alg === "HS256") {
    const secret = randomBytes(32);
    return {
      jwk: { kty: "oct", k: secret.toString("base64url"), alg, use: "sig", kid },
      signature: (input) => createHmac("sha256", secret).update(input).digest("base64url"),
    };
  }
  const { privateKey, publicKey } = pairs[alg]();
  return {
    jwk: { ...publicKey.export({ format: "jwk" }), alg, use: "sig", kid },
    pem: publicKey.export({ format: "pem", type: "spki" }),
    signature: (input) => sign(hashes[alg], Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url"),
  };
}

/** The claims of a Sentinel access token, as an ordinary user of two groups has them. */
const claims = (now) => ({
  iss: ISSUER,
  sub: randomUUID(),
  jti: randomUUID(),
  aud: AUDIENCE,
  email: "ada.lovelace@example.test",
  name: "Ada Lovelace",
  wid: randomUUID(),
  wslug: "analytical-engines",
  wrole: "editor",
  groups: [randomUUID(), randomUUID()],
  iat: now,
  exp: now + 86_400,
  type: "access",
});

/** Plain data, so that it can be sent to another process. `said` are claims of the token of that number. */
export function material(alg, count, said = () => ({})) {
  const kid = randomUUID();
  const { signature, ...shared } = key(alg, kid);
  const header = { alg, typ: "JWT", kid };
  const signed = (header, payload) => {
    const input = `${encode(header)}.${encode(payload)}`;
    return `${input}.${signature(input)}`;
  };
  const now = Math.floor(Date.now() / 1000);
  const tokens = Array.from({ length: count }, (_, at) => signed(header, { ...claims(now), ...said(at) }));
  return { alg, issuer: ISSUER, audience: AUDIENCE, ...shared, tokens, hostile: hostile({ header, signed, claims: claims(now), good: tokens[0] }) };
}

/** What an attacker can send who has no key, and, signed, what one could who has. */
function hostile({ header, signed, claims, good }) {
  const [, payload, signature] = good.split(".");
  const deep = `${"[".repeat(10_000)}${"]".repeat(10_000)}`;
  return {
    "1 MB token": `${good.slice(0, good.indexOf("."))}.${"A".repeat(1_000_000)}.${signature}`,
    "a million dots": ".".repeat(1_000_000),
    "depth 10,000 in the header": `${encode(`{"alg":"${header.alg}","x":${deep}}`)}.${payload}.${signature}`,
    "depth 5,000 in the header, within the size limit": `${encode(`{"alg":"${header.alg}","x":${"[".repeat(5_000)}`)}.${payload}.${signature}`,
    "depth 4,000 in a signed payload": signed(header, { ...claims, x: JSON.parse(`${"[".repeat(4_000)}${"]".repeat(4_000)}`) }),
    "10 KB kid": `${encode({ ...header, kid: "k".repeat(10_240) })}.${payload}.${signature}`,
    "16 KB of one header member after another": `${encode(Object.fromEntries(Array.from({ length: 900 }, (_, i) => [`m${i}`, i])))}.${payload}.${signature}`,
  };
}
