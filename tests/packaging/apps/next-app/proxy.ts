// proxy.ts
import { createVerifier } from "sentinel-edge";
import { sentinelProxy } from "sentinel-edge/next";
import { bundle } from "./bundle";

const issuer = process.env.SENTINEL_URL!;

export const proxy = sentinelProxy({
  bundle,
  verifier: createVerifier({
    issuer,
    audience: "sentinel:access",
    tokenUse: "access",
    jwksUrl: `${issuer}/.well-known/jwks.json`,
    rules: [
      { method: "GET", path: "/", allow: "public" },
      { method: "GET", path: "/login", allow: "public" },
      { method: "GET", path: "/notes/:id", allow: "authenticated" },
      { method: "GET", path: "/shared/:id", allow: { relation: "view", object: "resource:notes/note/{id}" } },
      { method: "GET", path: "/export", allow: { action: "notes:export" } },
      { method: "*", path: "/act", allow: { role: "viewer" } },
      { method: "POST", path: "/api/session", allow: "authenticated" },
      { method: "GET", path: "/api/admin", allow: "authenticated" },
      { method: "GET", path: "/api/notes/:id", allow: "authenticated" },
      { method: "GET", path: "/kings", allow: { role: "king" } },
    ],
    roleOrder: ["viewer", "editor", "admin", "owner", "king"],
  }),
});

export const config = { matcher: ["/((?!_next|outside).*)"] };
