import { misconfigured } from "./errors.js";

/** A request, as far as a decision on a route depends on it. A `Request` of the Fetch standard is one. */
export interface RouteRequest {
  readonly method: string;
  /** An absolute URL, or what a server was asked for, e.g. `/docs/7?page=2`. */
  readonly url?: string;
  /** The path alone, still escaped; instead of `url`. */
  readonly path?: string;
}

/** The path as it was received. It is cut out and not normalised: what has two readings is for core to refuse. */
export function pathOf(request: RouteRequest): string {
  if (request.path !== undefined) return request.path;
  if (request.url === undefined) throw misconfigured("a request needs a url or a path");
  const path = request.url.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#\\]*/i, "").replace(/[?#].*$/s, "");
  return path === "" ? "/" : path;
}
