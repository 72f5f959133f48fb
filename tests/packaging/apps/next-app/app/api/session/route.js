// app/api/session/route.js
import { cookies } from "next/headers";
import { withAuth } from "sentinel-edge/next";

export const POST = withAuth(async (request) => {
  const token = request.headers.get("authorization").replace(/^Bearer /, "");
  const secure = process.env.SENTINEL_URL.startsWith("https:");
  (await cookies()).set("sentinel_access_token", token, { httpOnly: true, secure, sameSite: "lax", path: "/" });
  return new Response(null, { status: 204 });
});
