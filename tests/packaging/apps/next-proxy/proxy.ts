import { NextResponse, type NextRequest } from "next/server";
import { SentinelError, createVerifier } from "sentinel-edge";

const verifier = createVerifier(JSON.parse(process.env.SENTINEL_OPTIONS!));

export async function proxy(request: NextRequest) {
  const token = request.headers.get("authorization")?.replace(/^Bearer /, "") ?? "";
  try {
    const verified = await verifier.verify(token);
    const { claims } = verified;
    const decision = verifier.decide({ method: request.method, path: request.nextUrl.pathname }, verified);
    if (!decision.allow) return NextResponse.json({ code: decision.reason }, { status: 403 });
    const headers = new Headers(request.headers);
    headers.set("x-subject", String(claims.sub));
    return NextResponse.next({ request: { headers }, headers: { "x-runtime": "EdgeRuntime" in globalThis ? "edge" : "node", "x-decision": decision.reason } });
  } catch (error) {
    const code = error instanceof SentinelError ? error.code : "unavailable";
    return NextResponse.json({ code }, { status: code === "unavailable" ? 503 : 401 });
  }
}

export const config = { matcher: "/" };
