// The guide's JavaScript, run as it stands: only the issuers' addresses are replaced by ones on loopback.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign as signWith } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { installed, root } from "../hosts/install.mjs";

await installed("hosts");
const { launchChromium, openPage } = await import("../hosts/chromium.mjs");
const { serve } = await import("../hosts/static.mjs");
const { startWorkerd } = await import("../hosts/workerd.mjs");

/** An issuer with one key, whose key set is served. */
async function startIssuer(kid) {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const keys = [{ ...publicKey.export({ format: "jwk" }), kid }];
  const pages = { "/jwks.json": JSON.stringify({ keys }) };
  const { origin, close } = await serve({ pages, folders: { "/sentinel-edge/": join(root, "npm") } });
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const token = (claims) => {
    const now = Math.floor(Date.now() / 1000);
    const payload = { iss: origin, aud: "my-service", sub: "ada", iat: now, exp: now + 600, ...claims };
    const input = `${encode({ alg: "ES256", kid })}.${encode(payload)}`;
    const signature = signWith("sha256", Buffer.from(input), { key: privateKey, dsaEncoding: "ieee-p1363" });
    return `${input}.${signature.toString("base64url")}`;
  };
  return { origin, close, pages, token };
}

let login, sentinel, folder;

before(async () => {
  [login, sentinel] = [await startIssuer("login"), await startIssuer("sentinel")];
  // Inside the package, so that `sentinel-edge` is found by its own name.
  folder = await mkdtemp(join(root, "npm", "dist-test", "guide-"));
});
after(async () => {
  await Promise.all([login?.close(), sentinel?.close(), folder && rm(folder, { recursive: true })]);
});

/** The first block of a language below a heading. */
async function block(page, heading, language) {
  const text = await readFile(join(root, "docs", "guide", page), "utf8");
  const [, below] = text.split(`\n## ${heading}\n`);
  const code = below?.split("\n## ")[0].split(`\n\`\`\`${language}\n`)[1]?.split("\n```\n")[0];
  assert.ok(code, `${page} has no ${language} below ${heading}`);
  return code.replaceAll("https://login.example.com", login.origin).replaceAll("https://sentinel.example.com", sentinel.origin);
}

async function written(page, heading) {
  const path = join(folder, `${heading.replaceAll(" ", "-")}.mjs`);
  await writeFile(path, await block(page, heading, "js"));
  return path;
}

const load = async (heading) => import(pathToFileURL(await written("verify-in-node-and-browsers.md", heading)));
const request = (token, method = "GET", path = "/docs/7") =>
  new Request(`http://localhost${path}`, { method, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });

test("verify", async () => {
  const { handle } = await load("Verify");
  assert.deepEqual(await (await handle(request(login.token()))).json(), { hello: "ada" });
  for (const [token, code] of [
    [undefined, "token_malformed"],
    [login.token({ aud: "another" }), "audience_mismatch"],
    [sentinel.token({ iss: login.origin }), "key_not_found"],
  ]) {
    const response = await handle(request(token));
    assert.deepEqual([response.status, await response.json()], [401, { code }]);
  }
});

test("decide", async () => {
  const { decide } = await load("Decide");
  const reason = async (...asked) => (await decide(...asked)).reason;
  assert.equal(await reason(request(undefined, "GET", "/health")), "public");
  assert.equal(await reason(request(undefined)), "unauthenticated");
  assert.equal(await reason(request(undefined), login.token()), "authenticated");
  assert.equal(await reason(request(undefined, "PUT"), login.token()), "role_required");
  assert.equal(await reason(request(undefined, "PUT"), login.token({ wrole: "admin" })), "role");
  assert.equal(await reason(request(undefined, "GET", "/elsewhere"), login.token()), "no_rule");
});

test("without waiting", async () => {
  const { subjectOf } = await load("Without waiting");
  assert.equal(subjectOf(login.token()), "ada");
  assert.throws(() => subjectOf(login.token({ exp: 1 })), { code: "token_expired" });
});

test("revocation", async () => {
  const { loggedOut, verify } = await load("Revocation");
  const token = login.token({ jti: "t1" });
  assert.equal((await verify(token)).claims.jti, "t1");
  loggedOut.add("t1");
  await assert.rejects(verify(token), { code: "token_revoked" });
  await assert.rejects(verify(login.token()), { code: "claim_missing" });
});

test("two tokens", async () => {
  const { who } = await load("Two tokens");
  const identity = login.token({ aud: "client-1", email: "ada@example.com" });
  const authorization = (idp_sub) =>
    sentinel.token({ aud: "sentinel:authz", type: "authz", sub: "u1", idp_sub, svc: "notes", wrole: "editor" });
  assert.equal(await who(identity, authorization("ada")), "ada@example.com is editor");
  await assert.rejects(who(identity, authorization("eve")), { code: "binding_mismatch" });
});

test("a page without a bundler", async () => {
  login.pages["/"] = await block("verify-in-node-and-browsers.md", "Which entry point", "html");
  const browser = await launchChromium();
  try {
    const { page, evaluate } = await openPage(browser, `${login.origin}/`);
    await page.waitForFunction(() => window.subjectOf, undefined, { timeout: 20_000 });
    const subject = (token) => {
      try {
        return window.subjectOf(token);
      } catch (error) {
        return error.code;
      }
    };
    assert.equal(await evaluate(subject, login.token()), "ada");
    assert.equal(await evaluate(subject, login.token({ exp: 1 })), "token_expired");
  } finally {
    await browser.close();
  }
});

test("a Worker", async () => {
  const entry = await written("cloudflare-workers.md", "In your own Worker");
  const bindings = { ISSUER: login.origin, AUDIENCE: "my-service", JWKS_URL: `${login.origin}/jwks.json` };
  for (const flags of [[], ["nodejs_compat"]]) {
    const worker = await startWorkerd({ entry, flags, bindings });
    try {
      const ask = async (path, token) => {
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
        const response = await worker.fetch(path, { headers });
        return [response.status, await response.text()];
      };
      assert.deepEqual(await ask("/health"), [200, "hello stranger"]);
      assert.deepEqual(await ask("/documents/7"), [401, '{"reason":"unauthenticated"}']);
      assert.deepEqual(await ask("/documents/7", login.token()), [403, '{"reason":"role_required"}']);
      assert.deepEqual(await ask("/documents/7", login.token({ wrole: "owner" })), [200, "hello ada"]);
      assert.deepEqual(await ask("/documents/7", login.token({ exp: 1 })), [401, '{"code":"token_expired"}']);
    } finally {
      await worker.close();
    }
  }
});
