import { createVerifier } from "sentinel-edge";

export function make({ alg, issuer, audience, jwk }) {
  const key = jwk.kty === "oct" ? { secret: Uint8Array.from(atob(jwk.k.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0)) } : { jwks: { keys: [jwk] } };
  const verifier = () => createVerifier({ issuer, audience, algorithms: [alg], ...key });
  const [sync, awaited] = [verifier(), verifier()];
  return {
    "sentinel, verifySync": (token) => sync.verifySync(token).claims,
    "sentinel, verify": async (token) => (await awaited.verify(token)).claims,
  };
}
