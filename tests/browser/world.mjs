// A whole deployment on this machine: a real OpenID provider, `sentinel serve`, a service with its pages, people and what
// they may do.
import { installed, linkPackage } from "../hosts/install.mjs";

await installed("hosts", "e2e", "browser");
linkPackage("browser");
// These import what was just installed.
const { randomBytes } = await import("node:crypto");
const { giveRole, logInAsAdmin } = await import("../e2e/admin.mjs");
const { Browser, json } = await import("../e2e/login.mjs");
const { startProviderFor } = await import("../e2e/provider.mjs");
const { startSentinel } = await import("../e2e/sentinel.mjs");
const { startService } = await import("./service.mjs");

export { Browser };

/** The front end as the provider knows it, in authz mode: with codes, and with ID tokens in fragments. */
export const CODES = "notes-web";
export const FRAGMENTS = "notes-old-web";

/** `settings` are the server's, beside those that it needs. */
export async function startWorld(use, settings = {}) {
  const service = use(await startService());
  const redirectUri = `${service.origin}/auth/callback`;
  const secret = randomBytes(32).toString("base64url");
  const idp = use(
    await startProviderFor({
      clients: [
        { client_id: "sentinel", client_secret: secret, redirect_uris: ["callback", "admin/callback"].map((path) => `http://localhost/auth/${path}/oidc`) },
        { client_id: CODES, token_endpoint_auth_method: "none", redirect_uris: [redirectUri] },
        {
          client_id: FRAGMENTS,
          token_endpoint_auth_method: "none",
          response_types: ["id_token"],
          grant_types: ["implicit"],
          redirect_uris: [redirectUri],
        },
      ],
    }),
  );
  const server = use(
    await startSentinel({
      ALLOW_LOOPBACK_PROVIDERS: "true",
      OIDC_ISSUER: idp.issuer,
      OIDC_CLIENT_ID: "sentinel",
      OIDC_CLIENT_SECRET: secret,
      OIDC_EXTRA_AUDIENCES: `${CODES},${FRAGMENTS}`,
      OIDC_TRUST_EMAIL: "true",
      ADMIN_EMAILS: "root@example.test",
      NEWCOMERS: "nowhere",
      RATE_LIMIT_RPM: "0",
      ...settings,
    }),
  );
  const { key } = await server.cli("service", "create", "notes", "--origin", service.origin);
  await server.cli("client", "create", "web", "--redirect-uri", redirectUri, "--origin", service.origin);
  const post = (path, body, bearer) =>
    json(server.url + path, body, { "x-service-key": key, ...(bearer ? { authorization: `Bearer ${bearer}` } : {}) });
  /** Takes something back, as a service does for a person. */
  const take = async (path, body, bearer) => {
    const headers = { "x-service-key": key, authorization: `Bearer ${bearer}`, "content-type": "application/json" };
    const response = await fetch(server.url + path, { method: "DELETE", headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${response.status} from ${path}: ${await response.text()}`);
  };
  service.protect({ issuer: server.url, jwksUrl: server.jwksUrl, idp, audience: [CODES, FRAGMENTS], post });

  // Ada leads one team and reads in another; Bob is in the first alone.
  const email = (login) => `${login}@example.test`;
  const people = {};
  for (const login of ["ada", "bob"]) people[login] = await server.cli("user", "create", email(login), "--name", login);
  const workspaces = {
    team: await server.cli("workspace", "create", "team", "--name", "Team", "--owner", email("ada")),
    guests: await server.cli("workspace", "create", "guests", "--name", "Guests", "--owner", email("bob")),
  };
  await server.cli("workspace", "add-member", "guests", email("ada"), "--role", "viewer");
  await server.cli("workspace", "add-member", "team", email("bob"), "--role", "viewer");
  await post("/roles/actions/register", { service_name: "notes", actions: [{ action: "notes:export" }] });
  const exporters = { workspace: workspaces.team.id, name: "exporters", service: "notes", actions: ["notes:export"], people: [people.ada.id] };
  await giveRole(await logInAsAdmin(server), exporters);
  /** A note of Ada's in the team, which others see by shares alone. */
  const note = async (resource_id) => {
    const record = {
      service_name: "notes",
      resource_type: "note",
      resource_id,
      workspace_id: workspaces.team.id,
      owner_id: people.ada.id,
      visibility: "private",
    };
    return post("/permissions/register", record);
  };
  return {
    service,
    server,
    idp,
    redirectUri,
    people,
    workspaces,
    note,
    /** What the server has of a note. */
    record: (id) => json(`${server.url}/permissions/resource/notes/note/${id}`, undefined, { "x-service-key": key }),
    post,
    take,
    /** For clients in proxy mode, and in authz mode. */
    proxy: { sentinelUrl: server.url, redirectUri, origins: [service.origin, server.url] },
    authz: {
      sentinelUrl: server.url,
      redirectUri,
      origins: [service.origin, server.url],
      idps: {
        oidc: { clientId: CODES, issuer: idp.issuer, authorizationUrl: `${idp.issuer}/auth`, tokenUrl: `${idp.issuer}/token` },
      },
    },
  };
}
