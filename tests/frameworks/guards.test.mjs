// The guards in the frameworks themselves, over HTTP, and in workerd: who is let through, what is answered, and attacks.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { installed, linkPackage, run } from "../hosts/install.mjs";

await installed("hosts", "frameworks");
linkPackage("frameworks");
const { startWorkerd } = await import("../hosts/workerd.mjs");
const { createTokenPair, createVerifier } = await import("sentinel-edge");
const { sentinelExpress, sentinelOf } = await import("sentinel-edge/server");
const { sentinelFetch } = await import("sentinel-edge/workers");
const { APPS } = await import("./apps.mjs");
const { ask, bearer } = await import("./ask.mjs");
const { makeIssuer, RULES } = await import("./issuer.mjs");

const issuer = makeIssuer();
const settings = { issuer: issuer.iss, audience: "notes", jwks: issuer.jwks, rules: RULES };
const verifier = createVerifier({ ...settings, algorithms: ["ES256"] });
const [viewer, editor, admin] = ["viewer", "editor", "admin"].map((wrole) => issuer.token({ wid: "w1", wrole }));

const workers = (name) => async ({ verifier: _, ...GUARD }) => {
  const worker = await startWorkerd({ entry: new URL("worker.mjs", import.meta.url).pathname, bindings: { GUARD, OPTIONS: settings, NAME: name } });
  return { origin: worker.url.origin, close: worker.close };
};
const HOSTS = { ...APPS, "workerd, fetch": workers("fetch"), "workerd, Hono": workers("hono") };

for (const [name, start] of Object.entries(HOSTS)) {
  describe(name, () => {
    let app;
    before(async () => {
      app = await start({ verifier });
    });
    after(() => app?.close());
    const get = (path, ...headers) => ask(app.origin, path, { headers });
    const send = (method, path, ...headers) => ask(app.origin, path, { method, headers });
    const refusal = ({ status, headers, body }) => {
      assert.match(headers["content-type"], /^application\/problem\+json/);
      assert.equal(headers["cache-control"], "no-store");
      assert.deepEqual(Object.keys(body).sort(), ["code", "status", "type"]);
      assert.equal(body.status, status);
      return [status, body.code];
    };
    const cookie = (token, ...more) => ["cookie", [`sentinel_access_token=${token}`, ...more].join("; ")];

    test("who is let through, and as whom", async () => {
      const nobody = await get("/health");
      assert.deepEqual([nobody.status, nobody.body.user, nobody.body.reason], [200, null, "public"]);
      assert.equal(nobody.headers["cache-control"], undefined, "what is for everyone may be kept");
      const { status, body, headers } = await get("/docs/7", bearer(viewer));
      assert.deepEqual([status, body.user, body.role, body.reason, body.route], [200, "ada", "viewer", "authenticated", "docs"]);
      assert.equal(headers["cache-control"], "private, no-store");
      assert.equal((await get("/health", bearer(viewer))).body.user, "ada");
      assert.equal((await get("/health", bearer("nonsense"))).body.user, null, "what is public stays so");
      assert.equal((await send("PUT", "/docs/7", bearer(editor))).body.reason, "role");
      assert.equal((await send("DELETE", "/admin/users/7", bearer(admin))).body.route, "admin");
      assert.equal((await get("/docs/7?a=1&b=%2F", bearer(viewer))).status, 200);
    });

    test("what is refused, and how", async () => {
      const nobody = await get("/docs/7");
      assert.deepEqual(refusal(nobody), [401, "unauthenticated"]);
      assert.equal(nobody.headers["www-authenticate"], "Bearer");
      const expired = await get("/docs/7", bearer(issuer.token({ exp: 1 })));
      assert.deepEqual(refusal(expired), [401, "token_expired"]);
      assert.equal(expired.headers["www-authenticate"], 'Bearer error="invalid_token"');
      assert.deepEqual(refusal(await get("/docs/7", bearer(makeIssuer().token()))), [401, "key_not_found"]);
      assert.deepEqual(refusal(await get("/docs/7", bearer(""))), [401, "token_malformed"]);
      assert.deepEqual(refusal(await get("/docs/7", ["authorization", "Basic YTpi"])), [401, "unauthenticated"]);
      assert.deepEqual(refusal(await send("PUT", "/docs/7", bearer(viewer))), [403, "role_required"]);
      assert.deepEqual(refusal(await get("/docs/7/elsewhere", bearer(admin))), [403, "no_rule"]);
    });

    test("names that are the guard's alone are removed in every spelling", async () => {
      const spoofed = [
        ["x-sentinel-user-id", "mallory"],
        ["X-Sentinel-Workspace-Role", "owner"],
        ["x_sentinel_user_id", "mallory"],
        ["x.sentinel.user.id", "mallory"],
        ["x-sentinel", "1"],
        ["x-sentinel-user-id", "again"],
      ];
      const { status, body } = await get("/docs/7", bearer(viewer), ...spoofed);
      assert.deepEqual([status, body.user, body.said], [200, "ada", []]);
      if (body.raw) assert.doesNotMatch(body.raw.join(" "), /sentinel/i);
      assert.deepEqual((await get("/health", ...spoofed)).body.said, []);
      assert.deepEqual(refusal(await get("/docs/7", ...spoofed)), [401, "unauthenticated"]);
    });

    test("two Authorization headers are nobody's", async () => {
      for (const [one, other] of [[viewer, admin], [admin, viewer], [viewer, viewer]]) {
        assert.deepEqual(refusal(await get("/admin/users", bearer(one), bearer(other))), [401, "token_malformed"]);
        assert.deepEqual(refusal(await get("/docs/7", bearer(one), bearer(other), cookie(viewer))), [401, "token_malformed"]);
      }
    });

    test("a method is the one that was sent", async () => {
      for (const name of ["x-http-method-override", "X-HTTP-Method", "x-method-override", "x_http_method_override"]) {
        const { status, body } = await get("/docs/7", bearer(viewer), [name, "PUT"]);
        assert.deepEqual([status, body.method, body.said], [200, "GET", []], name);
        assert.deepEqual(refusal(await send("PUT", "/docs/7", bearer(viewer), [name, "GET"])), [403, "role_required"], name);
      }
      assert.deepEqual(refusal(await send("POST", "/docs/7?_method=GET", bearer(viewer))), [403, "role_required"]);
      for (const method of ["PROPFIND", "LINK"]) assert.notEqual((await send(method, "/open/x")).status, 200, method);
    });

    test("paths that have two readings open nothing", async () => {
      for (const path of [
        "/ADMIN/users",
        "/Admin",
        "/%61dmin/users",
        "//admin/users",
        "/open//admin",
        "/open/..%2fadmin/users",
        "/open/%2e%2e/admin/users",
        "/open/..;/admin/users",
        "/open/%252e%252e/admin/users",
        "/open\\..\\admin/users",
        "/open/../admin/users",
        "/admin;x=1/users",
        "/admin%00/users",
        "/admin%2fusers",
        "/admin/",
        "/admin.json",
      ]) {
        const { status, body } = await get(path, bearer(viewer));
        assert.ok([400, 401, 403, 404].includes(status), `${path} is ${status} ${JSON.stringify(body)}`);
      }
    });

    test("a cookie is for looking, and changes something for this site's own pages alone", async () => {
      assert.equal((await get("/docs/7", cookie(viewer, "other=1"))).body.user, "ada");
      const { host, origin } = new URL(app.origin);
      const put = (...headers) => send("PUT", "/docs/7", cookie(editor), ...headers);
      assert.deepEqual(refusal(await put()), [401, "unauthenticated"]);
      for (const [foreign, site] of [["https://evil.example.com"], ["null"], [origin, "cross-site"], [origin, "same-site"], [`http://evil.${host}`]]) {
        const headers = [["origin", foreign], ...(site ? [["sec-fetch-site", site]] : [])];
        assert.deepEqual(refusal(await put(...headers)), [401, "unauthenticated"], `${foreign} ${site}`);
      }
      assert.equal((await put(["origin", origin])).status, 200);
      assert.equal((await put(["origin", origin], ["sec-fetch-site", "same-origin"])).status, 200);
      assert.deepEqual(refusal(await get("/docs/7", cookie(viewer, `sentinel_access_token=${admin}`))), [401, "unauthenticated"], "two of one name");
      assert.deepEqual(refusal(await get("/admin/users", bearer(viewer), cookie(admin))), [403, "role_required"], "the header counts");
    });
  });
}

test("cookies that are turned off count for nothing", async () => {
  for (const start of [APPS.express, APPS.hono]) {
    const app = await start({ verifier, cookies: false });
    try {
      const { status } = await ask(app.origin, "/docs/7", { headers: [["cookie", `sentinel_access_token=${viewer}`]] });
      assert.equal(status, 401);
    } finally {
      await app.close();
    }
  }
});

describe("two tokens", () => {
  const idp = makeIssuer("https://login.example.com");
  const pair = createTokenPair({
    identity: createVerifier({ issuer: idp.iss, audience: "web", jwks: idp.jwks, algorithms: ["ES256"], profile: "oidc" }),
    authorization: createVerifier({ ...settings, audience: "sentinel:authz", algorithms: ["ES256"] }),
    service: "notes",
  });
  const identity = idp.token({ aud: "web", sub: "at the provider" });
  const authz = (claims) => issuer.token({ aud: "sentinel:authz", type: "authz", sub: "u1", idp_sub: "at the provider", svc: "notes", wid: "w1", wrole: "editor", ...claims });
  for (const [name, start] of Object.entries(APPS)) {
    test(name, async () => {
      const app = await start({ verifier: pair, pair: true });
      const put = (...headers) => ask(app.origin, "/docs/7", { method: "PUT", headers });
      const code = async (...headers) => {
        const { status, body } = await put(...headers);
        return [status, body.code];
      };
      try {
        const { status, body } = await put(bearer(identity), ["x-authz-token", authz()]);
        assert.deepEqual([status, body.user ?? body.code], [200, "u1"]);
        const cookies = ["cookie", `sentinel_access_token=${identity}; sentinel_authz_token=${authz()}`];
        assert.equal((await put(cookies, ["origin", app.origin])).status, 200);
        assert.deepEqual(await code(bearer(identity)), [401, "binding_mismatch"]);
        assert.deepEqual(await code(["x-authz-token", authz()]), [401, "binding_mismatch"]);
        assert.deepEqual(await code(bearer(identity), cookies), [401, "binding_mismatch"], "no half of each");
        assert.deepEqual(await code(bearer(identity), ["x-authz-token", authz({ idp_sub: "another" })]), [401, "binding_mismatch"]);
        assert.deepEqual(await code(bearer(identity), ["x-authz-token", authz({ svc: "other" })]), [401, "binding_mismatch"]);
        assert.deepEqual(await code(bearer(identity), ["x-authz-token", authz()], ["x-authz-token", authz()]), [401, "token_malformed"]);
      } finally {
        await app.close();
      }
    });
  }
});

test("rules that ask for a relation", async () => {
  const asked = [];
  const relations = (...question) => {
    asked.push(question);
    if (question[1] === "note:old") throw Object.assign(new Error(), { name: "SentinelError", code: "bundle_stale" });
    if (question[1] === "note:broken") throw new Error("broken");
    return question[1] === "note:7";
  };
  for (const start of Object.values(APPS)) {
    const app = await start({ verifier, relations });
    const get = async (id, token) => {
      const { status, body } = await ask(app.origin, `/open/shared/${id}`, { headers: token ? [bearer(token)] : [] });
      return [status, body.reason ?? body.code];
    };
    try {
      asked.length = 0;
      assert.deepEqual(await get("7", viewer), [200, "relation"]);
      assert.deepEqual(asked, [["viewer", "note:7", "user:ada"]]);
      assert.deepEqual(await get("8", admin), [403, "relation_required"]);
      assert.deepEqual(await get("7"), [401, "unauthenticated"]);
      assert.deepEqual(await get("old", viewer), [503, "bundle_stale"]);
      assert.deepEqual(await get("broken", viewer), [503, "unavailable"]);
    } finally {
      await app.close();
    }
  }
  const blind = await APPS.fetch({ verifier });
  assert.equal((await ask(blind.origin, "/open/shared/7", { headers: [bearer(viewer)] })).body.code, "relation_required");
  await blind.close();
});

test("what cannot be known is refused with 503", async () => {
  const blind = createVerifier({ ...settings, algorithms: ["ES256"], revoked: () => { throw new Error("down"); } });
  for (const start of Object.values(APPS)) {
    const app = await start({ verifier: blind });
    try {
      const { status, body } = await ask(app.origin, "/docs/7", { headers: [bearer(viewer)] });
      assert.deepEqual([status, body.code], [503, "unavailable"]);
      assert.equal((await ask(app.origin, "/health", { headers: [bearer(viewer)] })).status, 200);
    } finally {
      await app.close();
    }
  }
});

test("the types fit the frameworks", async () => {
  await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "."], { cwd: import.meta.dirname });
});

test("a guard that is set up wrong is none", () => {
  for (const options of [undefined, {}, { verifier: {} }, { verifier, cookie: false }]) {
    assert.throws(() => sentinelExpress(options), { code: "configuration_invalid" });
    assert.throws(() => sentinelFetch(options ?? {}, () => new Response()), { code: "configuration_invalid" });
  }
  assert.throws(() => sentinelOf({}), { code: "configuration_invalid" });
});

test("an answer that says who may keep it, and one whose headers cannot be changed", async () => {
  const ask = async (make) => {
    const handler = sentinelFetch({ verifier }, make);
    return handler(new Request("http://localhost/docs/7", { headers: [bearer(viewer)] }));
  };
  const said = await ask(() => new Response("x", { headers: { "cache-control": "max-age=5" } }));
  assert.equal(said.headers.get("cache-control"), "max-age=5");
  const fixed = await ask(() => Response.redirect("http://localhost/elsewhere", 303));
  assert.deepEqual([fixed.status, fixed.headers.get("cache-control"), fixed.headers.get("location")], [303, "private, no-store", "http://localhost/elsewhere"]);
});
