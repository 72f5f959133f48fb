// The server's administrator, logged in at the provider as people are, and what only such a one does.
import { Browser } from "./login.mjs";

/** Logs `login` in at the admin pages, who must be in ADMIN_EMAILS; answers `admin(method, path, body)`. */
export async function logInAsAdmin(server, login = "root") {
  const browser = new Browser();
  await browser.request(await browser.answer(`${server.url}/auth/admin/login/oidc`, login, `${server.url}/auth/admin/callback/oidc`));
  return async (method, path, body) => {
    const headers = { "x-requested-with": "XMLHttpRequest", ...(body ? { "content-type": "application/json" } : {}) };
    const response = await browser.request(server.url + path, { method, headers, body: body && JSON.stringify(body) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} from ${path}: ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
}

/** Lets people do what a service has named, in a workspace: by a role of its own, which they are given. Answers its path. */
export async function giveRole(admin, { workspace, name, service, actions, people }) {
  const named = await admin("GET", `/admin/actions?service_name=${service}`);
  const roles = `/admin/workspaces/${workspace}/roles`;
  const { id: role } = await admin("POST", roles, { name });
  for (const { id, action } of named) if (actions.includes(action)) await admin("POST", `${roles}/${role}/actions/${id}`);
  for (const person of people) await admin("POST", `${roles}/${role}/members/${person}`);
  return `${roles}/${role}`;
}
