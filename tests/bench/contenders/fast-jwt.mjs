import { createVerifier } from "fast-jwt";

export function make({ alg, issuer, audience, jwk, pem }) {
  const key = pem ?? Buffer.from(jwk.k, "base64url");
  const options = { key, algorithms: [alg], allowedIss: issuer, allowedAud: audience, requiredClaims: ["exp"] };
  return { "fast-jwt": createVerifier(options), "fast-jwt, cache": createVerifier({ ...options, cache: true }) };
}
