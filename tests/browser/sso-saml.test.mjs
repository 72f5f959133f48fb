// What is SAML's own in a company's single sign-on: requests that others verify, every way to sign and encrypt, a certificate
// that is rolled over, a response that comes twice, and metadata at addresses of an attacker's.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPublicKey, verify } from "node:crypto";
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { answered, arrive, freePort, logInAt, MAPPING, moved, person, sessionOf, startCompanies } from "./sso-world.mjs";

const { launchChromium } = await import("../hosts/chromium.mjs");
const { temporaryFolder } = await import("../hosts/resources.mjs");
const { startSentinel } = await import("../e2e/sentinel.mjs");
const { PROVIDERS, startSamlProvider } = await import("./saml-provider.mjs");

const people = (domain) => ({ ada: person("ada", domain, ["analyst"]) });

/** A company whose provider is set up, tried and enabled. `change` edits the metadata that it then uploads instead of their URL. */
async function connected(companies, name, change) {
  const company = await companies.company();
  const idp = await startSamlProvider(name, people(company.domain));
  const { addresses } = await company.must("GET", "configure");
  await idp.control({ serviceProvider: await (await fetch(addresses.saml_entity_id)).text() });
  const metadata = change ? { metadata_xml: change(await idp.metadata()) } : { metadata_url: idp.metadataUrl };
  await company.must("POST", "configure", { protocol: "saml2", ...metadata, attribute_mapping: MAPPING });
  await company.approve();
  const tried = await answered((await company.must("POST", "test")).url, "ada");
  assert.deepEqual(await arrive(tried, companies.server.url), { status: 200, code: undefined, session: false });
  await company.must("POST", "enable");
  const login = (at = companies.server.url) => answered(moved(company.login({ return_to: "/docs" }), at), "ada");
  return { company, idp, addresses, login };
}

const CAME_IN = { status: 302, code: undefined, session: true };
const pem = (der) => `-----BEGIN CERTIFICATE-----\n${der.replace(/\s/g, "").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
const without = (binding) => (metadata) => {
  const changed = metadata.replace(new RegExp(`<[^<>]*SingleSignOnService[^<>]*:${binding}"[^<>]*>(</[^<>]*SingleSignOnService>)?`), "");
  assert.notEqual(changed, metadata);
  return changed;
};

describe("SAML", () => {
  const closers = [];
  const use = (resource) => (closers.push(resource), resource);
  let browser, companies, folder;
  before(async () => {
    folder = use(await temporaryFolder("sentinel-sso-"));
    browser = use(await launchChromium());
    companies = await startCompanies(use, "SQLite");
  });
  after(async () => {
    for (const resource of closers.reverse()) await resource.close();
  });

  /** Whether xmlsec1 finds the signature in an element of this name good by the certificate of our metadata. */
  function xmlsec1(xml, certificate, name) {
    const [document, key] = ["document.xml", "certificate.pem"].map((file) => join(folder.path, file));
    writeFileSync(document, xml);
    writeFileSync(key, certificate);
    return spawnSync("xmlsec1", ["--verify", "--pubkey-cert-pem", key, "--id-attr:ID", name, document]);
  }

  for (const name of PROVIDERS) {
    describe(name, () => {
      let one;
      before(async () => (one = await connected(companies, name, without("HTTP-Redirect"))));
      after(() => one?.idp.close());

      test("a request by the POST binding is signed, to xmlsec1 as well, and the login ends here", async () => {
        const metadata = await (await fetch(one.addresses.saml_entity_id)).text();
        const certificate = pem(/X509Certificate>([^<]+)</.exec(metadata)[1]);
        const page = await (await fetch(one.company.login())).text();
        const request = Buffer.from(/name="SAMLRequest" value="([^"]*)"/.exec(page)[1], "base64").toString();
        const element = "urn:oasis:names:tc:SAML:2.0:protocol:AuthnRequest";
        assert.equal(xmlsec1(request, certificate, element).status, 0);
        assert.notEqual(xmlsec1(request.replace("AssertionConsumerServiceURL=\"http", "AssertionConsumerServiceURL=\"https"), certificate, element).status, 0);
        const entity = "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor";
        assert.equal(xmlsec1(metadata, certificate, entity).status, 0);
        assert.notEqual(xmlsec1(metadata.replace("/saml/acs/", "/saml/acs/x"), certificate, entity).status, 0);
        const context = await browser.newContext();
        try {
          const login = await context.newPage();
          await login.goto(one.company.login({ return_to: "/docs" }));
          await logInAt(login, "ada");
          await login.waitForURL((at) => at.pathname === "/docs");
          assert.equal((await sessionOf(login)).email, `ada@${one.company.domain}`);
        } finally {
          await context.close();
        }
      });

      for (const sign of ["assertion", "response", "both"]) {
        for (const encrypt of [false, true]) {
          test(`${sign} signed${encrypt ? ", the assertion encrypted" : ""}`, async () => {
            await one.idp.control({ sign, encrypt });
            const response = await one.login();
            const xml = Buffer.from(response.fields.SAMLResponse, "base64").toString();
            assert.equal(xml.includes("EncryptedAssertion"), encrypt);
            assert.deepEqual(await arrive(response, companies.server.url), CAME_IN);
          });
        }
      }

      test("a response comes in once, in the browser that began, at the tenant that began", async () => {
        const { url } = companies.server;
        const response = await one.login();
        assert.deepEqual(await arrive(response, url), CAME_IN);
        const again = await arrive(response, url);
        assert.deepEqual([again.code, again.session], ["replayed", false]);
        const elsewhere = await arrive({ ...(await one.login()), cookie: "" }, url);
        assert.deepEqual([elsewhere.code, elsewhere.session], ["other_browser", false]);
        // What another login was answered with: the response is for another request.
        const [first, second] = [await one.login(), await one.login()];
        const mixed = { ...first, fields: { ...first.fields, SAMLResponse: second.fields.SAMLResponse } };
        assert.equal((await arrive(mixed, url)).code, "in_response_to_mismatch");
        const other = await companies.company();
        await other.must("POST", "configure", { protocol: "saml2", metadata_url: one.idp.metadataUrl, attribute_mapping: MAPPING });
        const theirs = await one.login();
        const away = await arrive({ ...theirs, acs: theirs.acs.replace(one.company.tenant, other.tenant) }, url);
        assert.deepEqual([away.code, away.session], ["login_unknown", false]);
      });

      test("a response that was tampered with lets nobody in, and the tenant sees why", async () => {
        await one.idp.control({ sign: "assertion", encrypt: false });
        const response = await one.login();
        const xml = Buffer.from(response.fields.SAMLResponse, "base64").toString();
        const forged = xml.replaceAll(`ada@${one.company.domain}`, `admin@${one.company.domain}`);
        const fields = { ...response.fields, SAMLResponse: Buffer.from(forged).toString("base64") };
        assert.deepEqual(await arrive({ ...response, fields }, companies.server.url), { status: 403, code: "signature_invalid", session: false });
        const failures = await one.company.must("GET", "failures");
        const seen = failures.find(({ code }) => code === "signature_invalid");
        assert.ok(seen?.advice, JSON.stringify(failures));
        assert.ok(!JSON.stringify(failures).includes(one.company.domain));
      });
    });
  }

  test("a request by the redirect binding is signed over what is sent", async () => {
    const one = await connected(companies, "samlify");
    try {
      const certificate = pem(/X509Certificate>([^<]+)</.exec(await (await fetch(one.addresses.saml_entity_id)).text())[1]);
      const { search } = new URL((await fetch(one.company.login(), { redirect: "manual" })).headers.get("location"));
      const part = (name) => new RegExp(`[?&](${name}=[^&]*)`).exec(search)[1];
      const signed = ["SAMLRequest", "RelayState", "SigAlg"].map(part).join("&");
      const signature = Buffer.from(decodeURIComponent(part("Signature").slice("Signature=".length)), "base64");
      assert.match(decodeURIComponent(part("SigAlg")), /rsa-sha256$/);
      assert.ok(verify("sha256", Buffer.from(signed), createPublicKey(certificate), signature));
      assert.ok(!verify("sha256", Buffer.from(`${signed}x`), createPublicKey(certificate), signature));
    } finally {
      await one.idp.close();
    }
  });

  test("metadata at addresses of an attacker's are refused, within bounds", { timeout: 120_000 }, async () => {
    const company = await companies.company();
    const hostile = createServer((request, response) => {
      const answers = {
        "/redirect": () => response.writeHead(302, { location: "http://10.0.0.1/metadata" }).end(),
        "/redirect-home": () => response.writeHead(302, { location: `${companies.server.url}/api/v1/auth/sso/configure` }).end(),
        "/html": () => response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>no metadata</title>"),
        "/doctype": () => response.end('<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]><a>&b;</a>'),
        "/error": () => response.writeHead(500).end(),
        "/endless": () => {
          const more = () => response.write(`<x>${" ".repeat(65_536)}</x>`) ? setImmediate(more) : response.once("drain", more);
          response.on("error", () => {});
          if (!response.destroyed) more();
        },
        "/slow": () => {
          const drip = setInterval(() => response.write(" "), 200);
          response.once("close", () => clearInterval(drip));
        },
        "/silent": () => {},
      };
      (answers[request.url] ?? (() => response.writeHead(404).end()))();
    });
    await new Promise((resolve) => hostile.listen(0, "127.0.0.1", resolve));
    try {
      const here = `http://127.0.0.1:${hostile.address().port}`;
      const urls = [
        ...["/redirect", "/redirect-home", "/html", "/doctype", "/error", "/endless", "/slow", "/silent", "/missing"].map((path) => here + path),
        "http://10.0.0.1/metadata",
        "http://169.254.169.254/latest/meta-data",
        "https://192.168.1.1/metadata",
        "https://[::ffff:10.0.0.1]/metadata",
        "https://[fd00::1]/metadata",
        "http://example.test/metadata",
        "file:///etc/hostname",
        "gopher://127.0.0.1/x",
        "https://user:secret@127.0.0.1/metadata",
        "not a url",
        "",
      ];
      const asked = urls.map(async (metadata_url) => [metadata_url, await company.ask("POST", "configure", { protocol: "saml2", metadata_url, attribute_mapping: MAPPING })]);
      for (const [url, { status, body }] of await Promise.all(asked)) {
        assert.equal(status, 400, `${url}: ${JSON.stringify(body)}`);
        assert.match(body.code, /^(provider_unreachable|configuration_invalid|metadata_\w+)$/, url);
        assert.ok(!JSON.stringify(body).includes("root:"), url);
      }
      assert.equal((await company.must("GET", "configure")).draft, null);
    } finally {
      hostile.closeAllConnections();
      await new Promise((resolve) => hostile.close(resolve));
    }
  });
});

describe("two processes on one PostgreSQL", () => {
  const closers = [];
  const use = (resource) => (closers.push(resource), resource);
  let companies, other;
  before(async () => {
    const keys = use(await temporaryFolder("sentinel-keys-"));
    const file = join(keys.path, "master.key");
    writeFileSync(file, "0123456789abcdef".repeat(4), { mode: 0o600 });
    companies = await startCompanies(use, "PostgreSQL", { MASTER_KEY_FILE: file });
    const port = await freePort();
    use(await startSentinel({ ...companies.settings, SERVICE_PORT: String(port) }));
    other = `http://127.0.0.1:${port}`;
  });
  after(async () => {
    for (const resource of closers.reverse()) await resource.close();
  });

  test("a login may begin at one, come back at the other and end at the first; a response comes in once among both", async () => {
    const one = await connected(companies, "pysaml2");
    try {
      const { url } = companies.server;
      for (const [begin, post, finish] of [[url, other, url], [other, url, other], [url, url, other], [other, other, url]]) {
        assert.deepEqual(await arrive(await one.login(begin), post, finish), CAME_IN);
      }
      for (let round = 0; round < 5; round++) {
        const response = await one.login(round % 2 ? url : other);
        const all = await Promise.all([url, other, url, other, url, other].map((at) => arrive(response, at)));
        assert.deepEqual(all.filter(({ session }) => session), [CAME_IN]);
        assert.ok(all.every(({ session, code }) => session || ["replayed", "login_unknown"].includes(code)), JSON.stringify(all));
      }
    } finally {
      await one.idp.close();
    }
  });

  test("a provider rolls its certificate over, and no login fails", { timeout: 300_000 }, async () => {
    const all = await Promise.all(PROVIDERS.map((name) => connected(companies, name)));
    try {
      let logins = 0;
      const log = async (one) => {
        const [begin, post, finish] = [[companies.server.url, other, other], [other, companies.server.url, other]][logins++ % 2];
        assert.deepEqual(await arrive(await one.login(begin), post, finish), CAME_IN);
      };
      const certificates = async (one) => (await one.company.must("GET", "configure")).enabled.certificates;
      /** Until what the server knows is as it should be: people log in all the while. */
      const until = async (one, good) => {
        while (!good(await certificates(one))) {
          await log(one);
          await new Promise((resolve) => setTimeout(resolve, 1000));
        }
      };
      const steps = async (one) => {
        const [first] = await certificates(one);
        await one.idp.control({ rollover: "announce" });
        await until(one, (known) => known.length === 2);
        await one.idp.control({ rollover: "switch" });
        await log(one);
        await one.idp.control({ rollover: "retire" });
        await log(one);
        // What has left the metadata is taken for a while, and says until when.
        await until(one, (known) => known.some(({ sha256, until: end }) => sha256 === first.sha256 && end));
        await log(one);
      };
      await Promise.all(all.map(steps));
      assert.ok(logins > 10);
    } finally {
      for (const { idp } of all) await idp.close();
    }
  });
});
