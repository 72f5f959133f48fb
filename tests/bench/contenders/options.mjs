const bytes = (base64url) => Uint8Array.from(atob(base64url.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

/** What our verifier is asked to demand. */
export const options = ({ alg, issuer, audience, jwk }) => ({
  issuer,
  audience,
  algorithms: [alg],
  ...(jwk.kty === "oct" ? { secret: bytes(jwk.k) } : { jwks: { keys: [jwk] } }),
});
