// For Server Components, Route Handlers and Server Actions.
import { SentinelError, unavailable } from "../errors.js";
import { ACCESS_COOKIE, AUTHZ_COOKIE, AUTHZ_HEADER } from "../service/judge.js";
import type { AnsweringBundle, SentinelUser, WithAuthOptions } from "./api.js";
import { bearerIn, checkedSecret, userIn } from "./identity.js";

const ROLES = ["viewer", "editor", "admin", "owner"];

export async function getUser(): Promise<SentinelUser | null> {
  const { headers } = await import("next/headers.js");
  return userIn(await headers(), checkedSecret(process.env.SENTINEL_PROXY_SECRET), Date.now());
}

export async function requireUser(): Promise<SentinelUser> {
  const user = await getUser();
  if (user === null) throw new SentinelError("login_required", "nobody is logged in");
  return user;
}

export async function requireRole(minimum: string, roleOrder: readonly string[] = ROLES): Promise<SentinelUser> {
  const user = await requireUser();
  if (!hasRole(user, minimum, roleOrder)) throw new SentinelError("request_refused", `this asks for the role ${minimum}`);
  return user;
}

function hasRole({ workspaceRole }: SentinelUser, minimum: string, order: readonly string[]): boolean {
  const needs = order.indexOf(minimum);
  // A role that the order does not name is nobody's.
  return needs >= 0 && order.indexOf(workspaceRole) >= needs;
}

export async function can(relation: string, object: string, bundle?: AnsweringBundle): Promise<boolean> {
  if (bundle !== undefined) return (await bundle.can({ ...(await requireUser()), relation, object })) === true;
  const { SENTINEL_URL, SENTINEL_SERVICE_NAME: service_name, SENTINEL_SERVICE_KEY } = process.env;
  if (!SENTINEL_URL || !service_name || !SENTINEL_SERVICE_KEY) {
    throw new SentinelError("configuration_invalid", "can needs SENTINEL_URL, SENTINEL_SERVICE_NAME and SENTINEL_SERVICE_KEY");
  }
  // Only for someone whom the proxy has let through.
  const token = await tokenOf(await requireUser());
  const [resource_type, ...id] = object.split(":");
  const checks = [{ service_name, resource_type, resource_id: id.join(":"), action: relation }];
  try {
    const response = await fetch(`${SENTINEL_URL.replace(/\/+$/, "")}/permissions/check`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-service-key": SENTINEL_SERVICE_KEY, authorization: `Bearer ${token}` },
      body: JSON.stringify({ checks }),
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(10_000),
    });
    if (!response.ok) throw unavailable(`the server answers ${response.status}`);
    const { results } = (await response.json()) as { results?: readonly { readonly allowed?: unknown }[] };
    return results?.[0]?.allowed === true;
  } catch (error) {
    throw error instanceof SentinelError ? error : unavailable("the server cannot be asked", error);
  }
}

/** The token that says what the user may do, as the proxy read it: of a pair the second one. */
async function tokenOf({ idpSubject }: SentinelUser): Promise<string> {
  const { cookies, headers } = await import("next/headers.js");
  const [sent, jar] = [await headers(), await cookies()];
  const bearer = bearerIn(sent);
  const inHeaders = bearer !== undefined;
  const found =
    idpSubject === ""
      ? (bearer ?? jar.get(ACCESS_COOKIE)?.value)
      : inHeaders
        ? sent.get(AUTHZ_HEADER)
        : jar.get(AUTHZ_COOKIE)?.value;
  if (!found) throw new SentinelError("login_required", "there is no token");
  return found;
}

export function withAuth<C>(
  handler: (request: Request, user: SentinelUser, context: C) => Response | Promise<Response>,
  { role, roleOrder = ROLES }: WithAuthOptions = {},
): (request: Request, context: C) => Promise<Response> {
  return async (request, context) => {
    const user = await userIn(request.headers, checkedSecret(process.env.SENTINEL_PROXY_SECRET), Date.now());
    if (user === null) return refused(401, "login_required");
    if (role !== undefined && !hasRole(user, role, roleOrder)) return refused(403, "role_required");
    return handler(request, user, context);
  };
}

function refused(status: number, code: string): Response {
  const headers = { "content-type": "application/problem+json", "cache-control": "no-store" };
  const body = JSON.stringify({ type: "about:blank", status, code });
  return new Response(body, { status, headers: status === 401 ? { ...headers, "www-authenticate": "Bearer" } : headers });
}
