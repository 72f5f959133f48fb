// The floor: the signature alone, over bytes that were split and decoded beforehand. No claims, so `bare`.
import { createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";
import { parts } from "./parts.mjs";

export function make({ alg, jwk, tokens }) {
  const prepared = new Map(tokens.map((token) => [token, parts(token)]));
  const check = checks[alg](jwk);
  return { "node:crypto": (token) => bare(check(prepared.get(token))) };
}

const valid = { bare: true };

function bare(holds) {
  if (!holds) throw new Error("the signature does not hold");
  return valid;
}

const publicKey = (jwk) => createPublicKey({ key: jwk, format: "jwk" });

const checks = {
  RS256: (jwk) => by("sha256", publicKey(jwk)),
  // workerd takes options beside a key only on the key itself; Node takes them there too.
  ES256: (jwk) => by("sha256", Object.assign(publicKey(jwk), { dsaEncoding: "ieee-p1363" })),
  EdDSA: (jwk) => by(null, publicKey(jwk)),
  HS256: (jwk) => {
    const secret = Buffer.from(jwk.k, "base64url");
    return ({ input, signature }) => timingSafeEqual(createHmac("sha256", secret).update(input).digest(), signature);
  },
};

const by = (hash, key) => ({ input, signature }) => verify(hash, input, key, signature);
