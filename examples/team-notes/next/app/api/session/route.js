import { cookies } from "next/headers";
import { withAuth } from "sentinel-edge/next";

const names = ["sentinel_access_token", "sentinel_authz_token"];

/** Turns the tokens of this request into cookies: for pages that the server renders. */
export const POST = withAuth(async ({ headers }) => {
  const tokens = [headers.get("authorization")?.replace(/^Bearer /, ""), headers.get("x-authz-token")];
  if (tokens.some((token) => !token)) return new Response(null, { status: 400 });
  const secure = process.env.SENTINEL_URL.startsWith("https:");
  const jar = await cookies();
  names.forEach((name, at) => jar.set(name, tokens[at], { httpOnly: true, secure, sameSite: "lax", path: "/" }));
  return new Response(null, { status: 204 });
});

export const DELETE = withAuth(async () => {
  const jar = await cookies();
  for (const name of names) jar.delete(name);
  return new Response(null, { status: 204 });
});
