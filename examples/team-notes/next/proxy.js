// Judges every request before the application sees it.
import { NextResponse } from "next/server";
import { createTokenPair, createVerifier } from "sentinel-edge";
import { sentinelProxy } from "sentinel-edge/next";

const { GATEWAY_URL, IDP_CLIENT_ID, IDP_ISSUER, IDP_JWKS_URL, SENTINEL_URL } = process.env;
const algorithms = ["RS256"];

const guard = sentinelProxy({
  loginPath: "/",
  pair: true,
  verifier: createTokenPair({
    service: "notes",
    identity: createVerifier({ issuer: IDP_ISSUER, audience: IDP_CLIENT_ID, jwksUrl: IDP_JWKS_URL, algorithms, profile: "oidc" }),
    authorization: createVerifier({
      issuer: SENTINEL_URL,
      audience: "sentinel:authz",
      tokenUse: "authz",
      jwksUrl: `${SENTINEL_URL}/.well-known/jwks.json`,
      algorithms,
      rules: [
        { method: "GET", path: "/", allow: "public" },
        { method: "GET", path: "/auth/callback", allow: "public" },
        { method: "GET", path: "/notes/:id", allow: { role: "viewer" } },
        { method: "POST", path: "/api/access", allow: { role: "viewer" } },
        { method: ["POST", "DELETE"], path: "/api/session", allow: { role: "viewer" } },
      ],
    }),
  }),
});

export function proxy(request) {
  const { pathname, search } = request.nextUrl;
  // The gateway's: it decides on these. On Cloudflare they are a route of its own, and this line is not needed.
  if (/^\/api\/notes(\/|$)/.test(pathname)) return NextResponse.rewrite(new URL(pathname + search, GATEWAY_URL));
  return guard(request);
}

export const config = { matcher: ["/((?!_next/static/).*)"] };
