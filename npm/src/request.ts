import type { RouteRequest } from "./api.js";
import { misconfigured } from "./errors.js";

/** The path as it was received. It is cut out and not normalised: what has two readings is for core to refuse. */
export function pathOf(request: RouteRequest): string {
  if (request.path !== undefined) return request.path;
  if (request.url === undefined) throw misconfigured("a request needs a url or a path");
  const path = request.url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#\\]*/i, "").replace(/[?#].*$/s, "");
  return path === "" ? "/" : path;
}
