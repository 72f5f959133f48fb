// A Worker before an origin as it is written with `jose`: it verifies the token, and decides nothing.
import { createLocalJWKSet, jwtVerify } from "jose";

let keys;

export default {
  async fetch(request, { ORIGIN, JWKS, ISSUER, AUDIENCE, ALGORITHM }) {
    keys ??= createLocalJWKSet(JSON.parse(JWKS));
    const { pathname } = new URL(request.url);
    const token = request.headers.get("authorization").slice("Bearer ".length);
    try {
      const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE, algorithms: [ALGORITHM] });
      const headers = new Headers(request.headers);
      headers.delete("authorization");
      headers.set("x-user-id", payload.sub);
      return await fetch(ORIGIN + pathname, { method: request.method, headers });
    } catch (error) {
      return Response.json({ why: error.code }, { status: 401 });
    }
  },
};
