// Real tokens, signed by Node's OpenSSL.
import { createHmac, generateKeyPairSync, sign } from "node:crypto";

const encode = (value) => Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");

const kinds = {
  RS256: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ES256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  EdDSA: () => generateKeyPairSync("ed25519"),
};

const signatures = {
  RS256: (input, key) => sign("sha256", input, key),
  ES256: (input, key) => sign("sha256", input, { key, dsaEncoding: "ieee-p1363" }),
  EdDSA: (input, key) => sign(null, input, key),
};

/** A key pair: its public JWK, and what signs with it. */
export function signer(alg, kid) {
  const { publicKey, privateKey } = kinds[alg]();
  return {
    jwk: { ...publicKey.export({ format: "jwk" }), kid, alg },
    token: (claims) => token({ alg, kid }, claims, (input) => signatures[alg](Buffer.from(input), privateKey)),
    /** A JWS with just these members, and a type of its own. */
    jws: (typ, payload) => {
      const input = `${encode({ alg, kid, typ })}.${encode(payload)}`;
      return `${input}.${signatures[alg](Buffer.from(input), privateKey).toString("base64url")}`;
    },
  };
}

/** A shared secret. */
export function secret(kid) {
  const k = Buffer.alloc(32, 7);
  return {
    jwk: { kty: "oct", kid, k: k.toString("base64url") },
    token: (claims) => token({ alg: "HS256", kid }, claims, (input) => createHmac("sha256", k).update(input).digest()),
  };
}

function token(header, claims, sign) {
  const now = Math.floor(Date.now() / 1000);
  const input = `${encode(header)}.${encode({ iss: "https://id.example", aud: "notes", sub: "u1", iat: now, exp: now + 60, ...claims })}`;
  return `${input}.${sign(input).toString("base64url")}`;
}
