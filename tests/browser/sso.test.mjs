// A company's own identity provider: set up as the documentation has it, tried, enabled, logged in by, with Chromium, on both
// databases, against providers that know nothing of this project.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { logInAt, MAPPING, person, sessionOf, startCompanies } from "./sso-world.mjs";

const { launchChromium } = await import("../hosts/chromium.mjs");
const { startProviderFor } = await import("../e2e/provider.mjs");
const { PROVIDERS, startSamlProvider } = await import("./saml-provider.mjs");

let browser;
before(async () => (browser = await launchChromium()));
after(() => browser?.close());

/** In a browser of its own: the page where `url` and the login at the provider end. */
async function through(url, login, look) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(url);
    await logInAt(page, login);
    await page.waitForURL((at) => at.pathname.startsWith("/api/v1/auth/sso/") || at.pathname === "/docs");
    return await look(page);
  } finally {
    await context.close();
  }
}
const bodyOf = async (page) => JSON.parse(await page.locator("body").innerText());

/** What a provider's people are: whom the tenant's mapping makes an analyst, and who has an address that is not the tenant's. */
const people = (domain) => ({
  ada: person("ada", domain, ["viewer", "analyst"]),
  boss: person("boss", domain, ["admin"]),
  stranger: person("stranger", "elsewhere.test", ["analyst"]),
  root: person("root", "platform.test", ["analyst"]),
});

/** Provider -> how it is started for a company, and what is configured. */
const KINDS = {
  ...Object.fromEntries(
    PROVIDERS.map((name) => [
      name,
      async (company) => {
        const idp = await startSamlProvider(name, people(company.domain));
        const { addresses } = await company.must("GET", "configure");
        await idp.control({ serviceProvider: await (await fetch(addresses.saml_entity_id)).text() });
        return { idp, configuration: { protocol: "saml2", metadata_url: idp.metadataUrl, attribute_mapping: MAPPING } };
      },
    ]),
  ),
  async "oidc-provider"(company) {
    const { addresses } = await company.must("GET", "configure");
    const users = Object.fromEntries(
      Object.entries(people(company.domain)).map(([login, { attributes }]) => [login, { email: attributes["user.email"][0], groups: attributes["user.group"] }]),
    );
    const client = { client_id: "sentinel", client_secret: "a-secret-of-32-characters-for-tests", redirect_uris: [addresses.oidc_redirect_uri] };
    const idp = await startProviderFor({ clients: [client], users, claims: { profile: ["name", "groups"] } });
    const { client_id, client_secret } = client;
    return { idp, configuration: { protocol: "oidc", issuer: idp.issuer, client_id, client_secret, attribute_mapping: { email: "email", role: "groups" } } };
  },
};

for (const kind of ["SQLite", "PostgreSQL"]) {
  describe(kind, () => {
    const closers = [];
    const use = (resource) => (closers.push(resource), resource);
    let companies;
    before(async () => (companies = await startCompanies(use, kind)));
    after(async () => {
      for (const resource of closers.reverse()) await resource.close();
    });

    for (const [name, start] of Object.entries(KINDS)) {
      describe(name, () => {
        let company, idp, configuration;
        before(async () => {
          company = await companies.company();
          ({ idp, configuration } = await start(company));
          use(idp);
        });

        const refused = async (answer, status, code) => {
          assert.equal(answer.status, status, JSON.stringify(answer.body));
          assert.equal(answer.body.code, code);
        };
        const report = async (login) => through((await company.must("POST", "test")).url, login, bodyOf);

        test("is configured, and nobody logs in by it yet", async () => {
          const { draft, enabled } = await company.must("POST", "configure", configuration);
          assert.equal(draft.protocol, configuration.protocol);
          assert.equal(enabled, null);
          const read = (await company.must("GET", "configure")).draft;
          assert.deepEqual(read, draft);
          assert.ok(!JSON.stringify(read).includes("a-secret-of-32"));
          await refused(await company.ask("POST", "enable"), 409, "sso_not_tested");
          const early = await fetch(company.login());
          await refused({ status: early.status, body: await early.json() }, 404, "sso_not_configured");
        });

        test("is tried, which lets nobody in; an address of a domain that is not proven is refused", async () => {
          assert.deepEqual(pick(await report("ada")), { ok: false, code: "sso_domain_not_proven" });
          await refused(await company.ask("POST", "enable"), 409, "sso_not_tested");
          await company.approve();
          const good = await report("ada");
          assert.deepEqual([good.ok, good.email, good.role], [true, `ada@${company.domain}`, "analyst"]);
        });

        test("lets people in once it is enabled, with the role that the tenant allows at most", async () => {
          await company.must("POST", "enable");
          const session = await through(company.login({ return_to: "/docs" }), "ada", sessionOf);
          assert.equal(session.email, `ada@${company.domain}`);
          assert.deepEqual([session.role, session.tenant_id], ["analyst", company.tenant]);
          const boss = await through(company.login({ return_to: "/docs" }), "boss", sessionOf);
          assert.equal(boss.role, "analyst", "max_role is analyst unless the tenant says otherwise");
          const again = await through(company.login({ return_to: "/docs" }), "ada", sessionOf);
          assert.equal(again.sub, session.sub, "a person stays who they are");
        });

        test("finds the provider by the domain of an address", async () => {
          const url = new URL(company.login({ return_to: "/docs", email: `ada@${company.domain}` }));
          url.searchParams.delete("tenant");
          assert.equal((await through(url.href, "ada", sessionOf)).email, `ada@${company.domain}`);
        });

        test("does not speak for other domains, nor for the platform's administrators", async () => {
          for (const login of ["stranger", "root"]) {
            const problem = await through(company.login({ return_to: "/docs" }), login, bodyOf);
            assert.equal(problem.code, "sso_domain_not_proven", login);
          }
          const codes = (await company.must("GET", "failures")).map(({ code }) => code);
          assert.ok(codes.includes("sso_domain_not_proven"), codes.join());
        });
      });
    }
  });
}

const pick = ({ ok, code }) => ({ ok, code });
