// What Next asks of `proxy.ts` and of Route Handlers, and what the browser's entry points give, by the compiler.
import type { NextRequest } from "next/server.js";
import { createVerifier } from "sentinel-edge";
import { SentinelAuth, type SentinelClient } from "sentinel-edge/client";
import { sentinelProxy, type SentinelUser, withAuth } from "sentinel-edge/next";
import { SentinelProvider } from "sentinel-edge/react";

const verifier = createVerifier({ issuer: "i", audience: "a", jwks: { keys: [] } });
export const makeProxy = (): ((request: NextRequest) => Promise<Response>) => sentinelProxy({ verifier });
export const GET: (request: NextRequest, context: { params: Promise<{ id: string }> }) => Promise<Response> = withAuth(
  async (_request, user: SentinelUser, { params }: { params: Promise<{ id: string }> }) => Response.json([user.userId, (await params).id]),
);
const client: SentinelClient = new SentinelAuth({ sentinelUrl: "https://auth.example.com" });
export const shown = () => SentinelProvider({ client });
