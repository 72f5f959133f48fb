import { unavailable } from "../errors.js";
import type {
  Grantee,
  NewAction,
  Permission,
  PermissionQuestion,
  PermissionsClient,
  PermissionsOptions,
  Resource,
  RolesClient,
  Share,
} from "./api.js";
import { type Call, held, isList, isMissing, isText, membersOf, partsOf, Remote } from "./remote.js";

/** Most questions of one request. */
const MOST = 100;

interface Waiting {
  readonly question: PermissionQuestion;
  readonly resolve: (allowed: boolean) => void;
  readonly reject: (error: unknown) => void;
}

const remoteOf = (options: PermissionsOptions): Remote =>
  new Remote(options.sentinelUrl, { "x-service-key": options.serviceKey }, options);

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

export function createPermissionsClient(options: PermissionsOptions): PermissionsClient {
  const { serviceName: service_name } = options;
  const remote = remoteOf(options);
  const waiting = new Map<string, Waiting[]>();

  const ask = async (token: string, questions: readonly PermissionQuestion[]): Promise<readonly boolean[]> => {
    const checks = questions.map(({ object, action }) => {
      const { type: resource_type, id: resource_id } = partsOf(object);
      return { service_name, resource_type, resource_id, action };
    });
    const answer = await remote.json({ path: "/permissions/check", body: { checks }, headers: bearer(token), asks: true });
    const results = held(membersOf(answer).results, isList, "results");
    if (results.length !== questions.length) throw unavailable("the answer has not a result for each question");
    // Only a clear yes is one.
    return results.map((result) => membersOf(result).allowed === true);
  };

  const check = async (token: string, questions: readonly PermissionQuestion[]): Promise<readonly boolean[]> => {
    const parts: (readonly PermissionQuestion[])[] = [];
    for (let at = 0; at < questions.length; at += MOST) parts.push(questions.slice(at, at + MOST));
    return (await Promise.all(parts.map((part) => ask(token, part)))).flat();
  };

  const flush = (token: string): void => {
    const all = waiting.get(token) ?? [];
    waiting.delete(token);
    check(token, all.map(({ question }) => question)).then(
      (answers) => all.forEach(({ resolve }, at) => resolve(answers[at] === true)),
      (error: unknown) => all.forEach(({ reject }) => reject(error)),
    );
  };

  const pathOf = (object: string): string => {
    const { type, id } = partsOf(object);
    return `/permissions/resource/${[service_name, type, id].map(encodeURIComponent).join("/")}`;
  };
  const change = (call: Omit<Call, "asks">): Promise<unknown> => remote.json({ ...call, asks: false });
  const shares = (id: string): string => `/permissions/${encodeURIComponent(id)}/share`;

  return {
    can: (token, action, object) =>
      new Promise((resolve, reject) => {
        partsOf(object);
        const others = waiting.get(token);
        const one = { question: { object, action }, resolve, reject };
        if (others !== undefined) return void others.push(one);
        waiting.set(token, [one]);
        // A task, not a microtask: whatever runs now asks first.
        setTimeout(flush, 0, token);
      }),
    check,
    async accessible(token, { type: resource_type, action, workspaceId: workspace_id, limit }) {
      const body = { service_name, resource_type, action, workspace_id, ...(limit === undefined ? {} : { limit }) };
      const answer = membersOf(await remote.json({ path: "/permissions/accessible", body, headers: bearer(token), asks: true }));
      return { ids: held(answer.resource_ids, isList, "resource_ids").map(String), all: answer.has_full_access === true };
    },
    async register({ object, workspaceId: workspace_id, ownerId: owner_id, visibility = "workspace" }) {
      const { type: resource_type, id: resource_id } = partsOf(object);
      const body = { service_name, resource_type, resource_id, workspace_id, owner_id, visibility };
      return resource(await change({ path: "/permissions/register", body }));
    },
    get: (object) =>
      remote.json({ method: "GET", path: pathOf(object), asks: true }).then(resource, (error: unknown) => {
        if (isMissing(error)) return null;
        throw error;
      }),
    remove: (object) =>
      change({ method: "DELETE", path: pathOf(object) }).then(
        () => true,
        (error: unknown) => {
          if (isMissing(error)) return false;
          throw error;
        },
      ),
    share: async (token, id, grantee, permission: Permission = "view") =>
      share(await change({ path: shares(id), body: { ...granteeOf(grantee), permission }, headers: bearer(token) })),
    async unshare(token, id, grantee) {
      await change({ method: "DELETE", path: shares(id), body: granteeOf(grantee), headers: bearer(token) });
    },
    setVisibility: async (token, id, visibility) =>
      resource(
        await change({
          method: "PATCH",
          path: `/permissions/${encodeURIComponent(id)}/visibility`,
          body: { visibility },
          headers: bearer(token),
        }),
      ),
  };
}

export function createRolesClient(options: PermissionsOptions): RolesClient {
  const { serviceName: service_name } = options;
  const remote = remoteOf(options);
  return {
    async register(actions: readonly NewAction[]) {
      await remote.json({ path: "/roles/actions/register", body: { service_name, actions }, asks: false });
    },
    async allows(token, action, workspace_id) {
      const body = { service_name, action, workspace_id };
      const answer = await remote.json({ path: "/roles/check-action", body, headers: bearer(token), asks: true });
      return membersOf(answer).allowed === true;
    },
    async actions(token, workspace_id) {
      const query = new URLSearchParams({ service_name, workspace_id });
      const answer = await remote.json({ method: "GET", path: `/roles/user-actions?${query}`, headers: bearer(token), asks: true });
      return held(membersOf(answer).actions, isList, "actions").map(String);
    },
  };
}

const granteeOf = (grantee: Grantee): object =>
  "user" in grantee ? { grantee_type: "user", grantee_id: grantee.user } : { grantee_type: "group", grantee_id: grantee.group };

function share(answer: unknown): Share {
  const { id, grantee_type, grantee_id, permission, granted_by, granted_at } = membersOf(answer);
  const whom = held(grantee_id, isText, "grantee_id");
  return {
    id: held(id, isText, "id"),
    grantee: grantee_type === "group" ? { group: whom } : { user: whom },
    permission: permission === "edit" ? "edit" : "view",
    grantedBy: isText(granted_by) ? granted_by : null,
    grantedAt: held(granted_at, isText, "granted_at"),
  };
}

function resource(answer: unknown): Resource {
  const { id, resource_type, resource_id, workspace_id, owner_id, visibility, shares } = membersOf(answer);
  return {
    permissionId: held(id, isText, "id"),
    object: `${held(resource_type, isText, "resource_type")}:${held(resource_id, isText, "resource_id")}`,
    workspaceId: held(workspace_id, isText, "workspace_id"),
    ownerId: held(owner_id, isText, "owner_id"),
    visibility: visibility === "workspace" ? "workspace" : "private",
    shares: held(shares, isList, "shares").map(share),
  };
}
