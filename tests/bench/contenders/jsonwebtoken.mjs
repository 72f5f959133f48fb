import { createPublicKey, createSecretKey } from "node:crypto";
import jsonwebtoken from "jsonwebtoken";

export function make({ alg, issuer, audience, jwk, pem }) {
  // It knows no EdDSA.
  if (alg === "EdDSA") return {};
  const key = pem ? createPublicKey(pem) : createSecretKey(Buffer.from(jwk.k, "base64url"));
  const options = { algorithms: [alg], issuer, audience };
  return { jsonwebtoken: (token) => jsonwebtoken.verify(token, key, options) };
}
