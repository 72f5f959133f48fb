// An issuer with one key, which makes the tokens of these tests.
import { generateKeyPairSync, randomUUID, sign as signWith } from "node:crypto";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

export function makeIssuer(iss = "https://auth.example.com") {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const kid = randomUUID();
  return {
    iss,
    jwks: { keys: [{ ...publicKey.export({ format: "jwk" }), kid }] },
    token(claims = {}) {
      const now = Math.floor(Date.now() / 1000);
      const payload = { iss, aud: "notes", sub: "ada", jti: randomUUID(), iat: now, exp: now + 600, ...claims };
      const input = `${encode({ alg: "ES256", kid })}.${encode(payload)}`;
      const signature = signWith("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
      return `${input}.${signature.toString("base64url")}`;
    },
  };
}

export const RULES = [
  { method: "GET", path: "/health", allow: "public" },
  { method: "GET", path: "/docs/:id", allow: "authenticated" },
  { method: ["PUT", "POST", "DELETE"], path: "/docs/:id", allow: { role: "editor" } },
  { method: "*", path: "/admin/**", allow: { role: "admin" } },
  { method: "GET", path: "/open/**", allow: "public" },
  { method: "GET", path: "/open/shared/:id", allow: { relation: "viewer", object: "note:{id}" } },
];
