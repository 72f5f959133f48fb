// Companies on one server, each with an identity provider of its own: what the tests of a tenant's single sign-on share.
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { installed } from "../hosts/install.mjs";
import { logInAs } from "./pages.mjs";

await installed("hosts", "e2e", "saml");
const { json } = await import("../e2e/login.mjs");
const { startSentinel } = await import("../e2e/sentinel.mjs");
const { startDatabase } = await import("./saml-provider.mjs");

const PASSWORD = "secure-Passw0rd-of-mine";
/** As the documentation of the tenant API has it. */
export const MAPPING = { email: "user.email", role: "user.group" };

/** Whom a company's provider knows: `login` at this domain, with these groups. */
export const person = (login, domain, groups) => ({
  subject: `${login}@${domain}`,
  attributes: { "user.email": [`${login}@${domain}`], "user.group": groups },
});

/** One that nothing listens at. */
export const freePort = () =>
  new Promise((resolve, reject) => {
    const listener = createServer().once("error", reject);
    listener.listen(0, "127.0.0.1", () => {
      const { port } = listener.address();
      listener.close(() => resolve(port));
    });
  });

/** `sentinel serve` on SQLite or on a database of its own, and tenants on it. */
export async function startCompanies(use, kind, settings = {}) {
  const database = kind === "PostgreSQL" ? use(await startDatabase()) : undefined;
  // Another site than the providers', which have an address for a name: cookies know the difference.
  const port = await freePort();
  const more = {
    BASE_URL: `http://localhost:${port}`,
    SERVICE_PORT: String(port),
    ALLOW_LOOPBACK_PROVIDERS: "true",
    RATE_LIMIT_RPM: "0",
    ADMIN_EMAILS: "root@platform.test",
    SSO_METADATA_MINUTES: "1",
    ...(database ? { DATABASE_URL: database.url } : {}),
    ...settings,
  };
  const server = use(await startSentinel(more));
  return {
    server,
    settings: more,
    /** A tenant with an administrator who logs in with a password: the tenant API as that person. */
    async company() {
      const domain = `firm-${randomBytes(4).toString("hex")}.test`;
      const slug = domain.split(".")[0];
      const email = `admin@${domain}`;
      await server.cli("user", "create", email, "--name", "Admin");
      await server.cli("workspace", "create", slug, "--name", "Firm", "--owner", email);
      const { secret } = await server.cli("password", "link", email);
      const reset = await fetch(`${server.url}/api/v1/auth/password/reset`, post({ secret, new_password: PASSWORD }));
      if (reset.status !== 204) throw new Error(`${reset.status}: ${await reset.text()}`);
      const { access_token, user } = await json(`${server.url}/api/v1/auth/login`, { email, password: PASSWORD });
      const ask = async (method, path, body) => {
        const init = body === undefined ? { method } : { ...post(body), method };
        const response = await fetch(`${server.url}/api/v1/auth/sso/${path}`, { ...init, headers: { ...init.headers, authorization: `Bearer ${access_token}` } });
        const text = await response.text();
        return { status: response.status, body: text ? JSON.parse(text) : undefined };
      };
      return {
        domain,
        slug,
        tenant: user.tenant_id,
        /** `{ status, body }` of the tenant's administrator. */
        ask,
        /** The same, where it must be good. */
        async must(method, path, body) {
          const { status, body: answer } = await ask(method, path, body);
          if (status >= 300) throw new Error(`${status} from ${path}: ${JSON.stringify(answer)}`);
          return answer;
        },
        approve: () => server.cli("sso", "domain", "approve", domain, "--workspace", slug),
        login: (query = {}) => `${server.url}/api/v1/auth/sso/login?${new URLSearchParams({ tenant: user.tenant_id, ...query })}`,
      };
    },
  };
}

const post = (body) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** What a person does at the provider, in a page that has come there. */
export async function logInAt(page, login) {
  if ((await page.locator('input[name="user"]').count()) === 0) return logInAs(page, login);
  await page.fill('input[name="user"]', login);
  return page.click("button");
}

const field = (page, name) => unescaped(new RegExp(`name="${name}" value="([^"]*)"`).exec(page)?.[1] ?? fail(`no ${name} in ${page.slice(0, 300)}`));
const unescaped = (text) => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(code)).replace(/&quot;/g, '"').replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&#x27;/g, "'").replace(/&amp;/g, "&");
const fail = (why) => {
  throw new Error(why);
};
const form = (fields) => ({ method: "POST", body: new URLSearchParams(fields), redirect: "manual" });

/** A browser's part of a SAML login up to what the provider gives it to post: `{ acs, fields, cookie }`, without a browser. */
export async function answered(url, login) {
  const begun = await fetch(url, { redirect: "manual" });
  const cookie = begun.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  const to = begun.headers.get("location");
  const page = to ? await (await fetch(to)).text() : await begun.text().then((own) => posted(own));
  const origin = new URL(to ?? page.action).origin;
  const answer = await (await fetch(`${origin}/login`, form({ handle: field(page.text ?? page, "handle"), user: login }))).text();
  const acs = unescaped(/action="([^"]*)"/.exec(answer)?.[1] ?? fail(answer.slice(0, 300)));
  return { acs, fields: { SAMLResponse: field(answer, "SAMLResponse"), RelayState: field(answer, "RelayState") }, cookie };
}

async function posted(own) {
  const action = unescaped(/action="([^"]*)"/.exec(own)?.[1] ?? fail(own.slice(0, 300)));
  const fields = { SAMLRequest: field(own, "SAMLRequest"), RelayState: field(own, "RelayState") };
  return { action, text: await (await fetch(action, form(fields))).text() };
}

/** Posts a response at one process and finishes at another: the status and body at the end, and whether there is a session. */
export async function arrive({ acs, fields, cookie }, at, then = at) {
  const taken = await fetch(moved(acs, at), form(fields));
  const to = taken.headers.get("location");
  if (!to) return { status: taken.status, code: (await taken.json()).code, session: false };
  const ended = await fetch(moved(to, then), { headers: { cookie }, redirect: "manual" });
  const session = ended.headers.getSetCookie().some((line) => line.startsWith("sentinel_refresh="));
  return { status: ended.status, code: ended.status >= 400 ? (await ended.json()).code : undefined, session };
}

/** The same address at another process of the same deployment. */
export const moved = (url, to) => Object.assign(new URL(url), { host: new URL(to).host }).href;

/** The claims of the access token that a page of the server's own origin gets with its cookie. */
export async function sessionOf(page) {
  const answer = await page.evaluate(async () => {
    const response = await fetch("/api/v1/auth/refresh", { method: "POST", headers: { "content-type": "application/json" }, body: "{}" });
    return { status: response.status, body: await response.json() };
  });
  if (answer.status !== 200) throw new Error(`${answer.status}: ${JSON.stringify(answer.body)}`);
  return JSON.parse(Buffer.from(answer.body.access_token.split(".")[1], "base64url"));
}
