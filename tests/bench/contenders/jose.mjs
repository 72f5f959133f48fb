import { importJWK, jwtVerify } from "jose";

export async function make({ alg, issuer, audience, jwk }) {
  const key = await importJWK(jwk, alg);
  const options = { algorithms: [alg], issuer, audience, requiredClaims: ["exp"] };
  return { jose: async (token) => (await jwtVerify(token, key, options)).payload };
}
