// Team Notes as a whole on this machine: both backends, a gateway before each, the Next.js front end before each gateway,
// and people with what they may do. A server and a provider run already.
import { randomBytes } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { root } from "../hosts/install.mjs";
import { startWorkerd } from "../hosts/workerd.mjs";
import { giveRole, logInAsAdmin } from "../e2e/admin.mjs";
import { sentinel } from "../e2e/sentinel.mjs";
import { startFrontEnd } from "./front-end.mjs";
import { startProgram } from "./program.mjs";

/** The front end as the provider knows it. */
export const CLIENT = {
  client_id: "team-notes-web",
  application_type: "native",
  token_endpoint_auth_method: "none",
  grant_types: ["authorization_code"],
  response_types: ["code"],
  redirect_uris: ["auth/callback", "callback"].map((path) => `http://127.0.0.1/${path}`),
};
/** What the server is told for it, beside its provider. */
export const SETTINGS = { OIDC_TRUST_EMAIL: "true", ADMIN_EMAILS: "root@example.test", RATE_LIMIT_RPM: "0" };

/** Who there is: what they are in the team, and what else. */
export const PEOPLE = {
  olga: "owns the team",
  ada: "editor, may export, reads another team's notes",
  bob: "viewer",
  carol: "editor",
  eve: "viewer",
};
const email = (login) => `${login}@example.test`;

/** The folder of the examples. */
const notes = join(root, "examples", "team-notes");

export async function startTeamNotes(use, { server, provider, progress = () => {} }) {
  const { key } = await server.cli("service", "create", "notes", "--audience", CLIENT.client_id);
  const people = await invite(server, progress);
  // The gateway reads what the workspaces' policy says of the notes, and its key opens nothing else.
  const bundles = Object.keys(people.workspaces).map((slug) => `notes/workspace:${slug}`);
  const { key: readsBundles } = await server.cli("service", "create", "gateway", "--bundles", bundles.join(","));
  const gatewayKey = randomBytes(32).toString("base64url");
  const idp = { IDP_CLIENT_ID: CLIENT.client_id, IDP_ISSUER: provider.issuer, IDP_JWKS_URL: provider.jwksUrl };
  const settings = { SENTINEL_URL: server.url, SENTINEL_SERVICE_KEY: key, SENTINEL_GATEWAY_KEY: gatewayKey };

  const python = process.env.TEAM_NOTES_PYTHON;
  const starts = {
    axum: () => startProgram(axum(), [], { env: { ...settings, ADDRESS: "127.0.0.1:0" } }),
    ...(python && { FastAPI: () => startProgram(python, ["-m", "uvicorn", "team_notes.main:app", "--port", "0"], { cwd: join(notes, "fastapi"), env: { ...settings, ...idp } }) }),
  };
  const stacks = {};
  for (const [name, start] of Object.entries(starts)) {
    progress(`Team Notes: the ${name} backend, the gateway in workerd before it, the Next.js front end before that`);
    const backend = use(await start());
    const gateway = use(await startGateway({ server, provider, backend, key: readsBundles, gatewayKey, workspaces: Object.values(people.workspaces) }));
    const pages = use(await startFrontEnd({ ...idp, ...settings, SENTINEL_SERVICE_NAME: "notes", GATEWAY_URL: gateway.url.origin, IDP_AUTHORIZATION_URL: `${provider.issuer}/auth`, IDP_TOKEN_URL: `${provider.issuer}/token` }, progress));
    stacks[name] = { backend: backend.url, gateway: gateway.url.origin, pages: pages.url };
  }
  const origins = Object.values(stacks).flatMap(({ pages }) => ["--origin", pages]);
  await server.cli("service", "update", "notes", ...origins);
  const admin = await logInAsAdmin(server);
  const { team } = people.workspaces;
  await giveRole(admin, { workspace: team, name: "exporters", service: "notes", actions: ["notes:export"], people: [people.ids.ada] });
  const { revocations } = (await configuration()).vars.SENTINEL_GATEWAY;
  /** `bound`: how many seconds a gateway may take to hear of what was taken back. */
  return { stacks, key, admin, ...people, bound: revocations.maxAge };
}

/** Accounts and workspaces: the command line makes them. */
async function invite({ cli }, progress) {
  progress(`people: ${Object.entries(PEOPLE).map(([login, what]) => `${login} (${what})`).join(", ")}`);
  const ids = {};
  for (const login of Object.keys(PEOPLE)) ({ id: ids[login] } = await cli("user", "create", email(login), "--name", login));
  const workspaces = {};
  for (const slug of ["team", "guests"]) {
    ({ id: workspaces[slug] } = await cli("workspace", "create", slug, "--name", slug === "team" ? "Team" : "Guests", "--owner", email("olga")));
  }
  const members = [["team", "ada", "editor"], ["team", "bob", "viewer"], ["team", "carol", "editor"], ["team", "eve", "viewer"], ["guests", "ada", "viewer"]];
  for (const [slug, login, role] of members) await cli("workspace", "add-member", slug, email(login), "--role", role);
  return { ids, workspaces };
}

/** The backend that was built with the server. */
function axum() {
  const built = join(dirname(sentinel()), "team-notes");
  const other = join(process.env.CARGO_TARGET_DIR ?? join(root, "target"), "debug", "team-notes");
  const found = [built, other].filter(existsSync).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  if (!found) throw new Error("the axum backend is missing: build it with `cargo build -p team-notes`");
  return found;
}

/** The Worker's configuration, as the example has it: only addresses are of this machine. */
async function configuration(addresses = {}) {
  const text = (await readFile(join(notes, "gateway", "wrangler.jsonc"), "utf8")).replace(/^\s*\/\/.*$/gm, "");
  return JSON.parse(Object.entries(addresses).reduce((all, [shown, real]) => all.replaceAll(shown, real), text));
}

async function startGateway({ server, provider, backend, key, gatewayKey, workspaces }) {
  const addresses = { "https://auth.example.com": server.url, "https://login.example.com": provider.issuer, "https://backend.example.com": backend.url };
  const { main, vars } = await configuration(addresses);
  vars.SENTINEL_CONFIG.allowedWorkspaces = workspaces;
  const secrets = { SENTINEL_GATEWAY_KEY: gatewayKey, SENTINEL_SERVICE_KEY: key };
  // It logs what it denies, one line each.
  const more = { handleRuntimeStdio: (...streams) => streams.forEach((stream) => stream.resume()) };
  return startWorkerd({ entry: join(notes, "gateway", main), flags: [], bindings: { ...vars, ...secrets }, more });
}
