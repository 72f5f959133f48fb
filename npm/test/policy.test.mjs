import assert from "node:assert/strict";
import { test } from "node:test";
import { clock, ISSUER, jwks, keys, module, NOW, refusal, settings, sign, testing } from "./support.mjs";

const { createTokenPair } = testing;
const { createVerifier } = testing.harness(module(), "host");
const SENTINEL = { email: "ada@example.com", name: 'Ada "Lovelace" \\ é 😀\n\u0001', wid: "w1", wslug: "engine", wrole: "editor", groups: ["g1", "g2"] };
const rules = [
  { method: "GET", path: "/health", allow: "public" },
  { method: "GET", path: "/docs/:id", allow: "authenticated" },
  { method: ["PUT", "PATCH"], path: "/docs/:id", allow: { role: "editor" } },
  { method: "*", path: "/admin/**", allow: { role: "admin" } },
  { method: "POST", path: "/export", allow: { action: "notes:export" } },
];
const verifier = (more = {}) => createVerifier(settings({ jwks: jwks(keys("RS256")), rules, ...more }));

test("an identity is read by the profile", async () => {
  const { identity } = await verifier().verify(sign("RS256", { claims: SENTINEL }));
  assert.deepEqual(identity, {
    userId: "u1",
    email: SENTINEL.email,
    name: SENTINEL.name,
    workspaceId: "w1",
    workspaceSlug: "engine",
    issuer: ISSUER,
    jwtId: "t1",
    issuedAt: NOW - 10,
    role: "editor",
    roles: ["editor"],
    groups: ["g1", "g2"],
    actions: [],
  });
});

test("every profile, and one's own mapping", async () => {
  const read = async (profile, claims, header) =>
    (await verifier({ profile }).verify(sign("RS256", { claims, header }))).identity;
  const convergence = await read("convergence", { username: "ada", first_name: "Ada", last_name: "L", workspace_id: "w", role: "EDITOR" });
  assert.deepEqual([convergence.username, convergence.name, convergence.workspaceId], ["ada", "Ada L", "w"]);
  const tenant = await verifier({ profile: "tenant", rules: [{ method: "GET", path: "/x", allow: { role: "analyst" } }] }).verify(
    sign("RS256", { claims: { email: "a@b", role: "analyst", tenant_id: "ten_1" } }),
  );
  assert.deepEqual([tenant.identity.role, tenant.identity.workspaceId], ["analyst", "ten_1"]);
  const oidc = await read("oidc", { preferred_username: "ada", email_verified: true, role: "owner" });
  assert.deepEqual([oidc.username, oidc.emailVerified, oidc.roles], ["ada", true, []]);
  const rfc9068 = { claims: { client_id: "c", scope: "a:b c:d" }, header: { typ: "at+jwt" } };
  assert.deepEqual((await read("rfc9068", rfc9068.claims, rfc9068.header)).userId, "u1");
  const own = await read({ userId: ["sub"], role: ["realm", "roles"] }, { realm: { roles: ["viewer", "editor"] } });
  assert.deepEqual([own.userId, own.roles, own.role], ["u1", ["viewer", "editor"], undefined]);
});

test("a token without an identity: refused where a profile is asked for, else when it is read", async () => {
  const token = sign("RS256", { claims: { sub: undefined } });
  assert.equal(await refusal(() => verifier({ profile: "sentinel" }).verify(token)), "claim_missing");
  const verified = await verifier().verify(token);
  assert.throws(() => verified.identity, { code: "claim_missing", claim: "sub" });
  assert.equal(verifier().decide({ method: "GET", path: "/health" }, null).allow, true);
});

test("a rule with a relation is denied where there are no relations to ask", async () => {
  const related = [{ method: "GET", path: "/notes/:id", allow: { relation: "viewer", object: "note:{id}" } }];
  const one = verifier({ rules: related });
  const owner = await one.verify(sign("RS256", { claims: { ...SENTINEL, wrole: "owner" } }));
  const decide = (path, who) => one.decide({ method: "GET", path }, who);
  const denied = decide("/notes/7", owner);
  assert.deepEqual([denied.allow, denied.reason], [false, "relation_required"]);
  assert.match(denied.explanation, /no relations here to ask.*relation viewer to note:\{id\}/);
  assert.equal(decide("/notes/7", null).reason, "unauthenticated");
  for (const allow of [{ relation: "viewer" }, { object: "note:{id}" }, { relation: "viewer", object: "note:{note}" }, { relation: "viewer", object: "note:*" }]) {
    assert.throws(() => verifier({ rules: [{ ...related[0], allow }] }), { code: "configuration_invalid" }, JSON.stringify(allow));
  }
});

test("decisions, each with its reason", async () => {
  const decider = verifier();
  const editor = await decider.verify(sign("RS256", { claims: SENTINEL }));
  const exporter = await decider.verify(sign("RS256", { claims: { ...SENTINEL, actions: ["notes:export"] } }));
  for (const [who, method, path, allow, reason] of [
    [null, "GET", "/health", true, "public"],
    [null, "GET", "/docs/7", false, "unauthenticated"],
    [editor, "GET", "/docs/7", true, "authenticated"],
    [editor, "PUT", "/docs/7", true, "role"],
    [editor, "DELETE", "/docs/7", false, "no_rule"],
    [editor, "GET", "/admin/users", false, "role_required"],
    [editor, "POST", "/export", false, "action_required"],
    [exporter, "POST", "/export", true, "action"],
    [exporter, "GET", "/elsewhere", false, "no_rule"],
    [exporter, "GET", "/docs/%2e%2e/admin", false, "path_refused"],
    [exporter, "GET", "//docs/7", false, "path_refused"],
    [exporter, "get", "/docs/7", false, "method_refused"],
    [exporter, "GET", `/docs/${"x".repeat(40_000)}`, false, "path_refused"],
    [exporter, "GET", "", false, "path_refused"],
  ]) {
    const decision = decider.decide({ method, path }, who);
    assert.deepEqual([decision.allow, decision.reason], [allow, reason], `${method} ${path.slice(0, 40)}`);
    assert.ok(decision.explanation.length > 5);
  }
});

test("the path is cut out of a URL as it stands", async () => {
  const decider = verifier();
  const editor = await decider.verify(sign("RS256", { claims: SENTINEL }));
  for (const [url, reason] of [
    ["https://api.example.com/docs/7?x=/health#y", "authenticated"],
    ["/docs/7?page=2", "authenticated"],
    ["http://api.example.com", "no_rule"],
    ["https://api.example.com?x=/docs/7", "no_rule"],
    ["https://api.example.com/docs/7/../../health", "path_refused"],
    ["https://api.example.com\\docs\\7", "path_refused"],
    ["//evil.example.com/docs/7", "path_refused"],
  ]) {
    assert.equal(decider.decide({ method: "GET", url }, editor).reason, reason, url);
  }
  const request = new Request("https://api.example.com/docs/7", { method: "GET" });
  assert.equal(decider.decide(request, editor).reason, "authenticated");
  assert.throws(() => decider.decide({ method: "GET" }, editor), { code: "configuration_invalid" });
});

test("only a token that this verifier has verified is decided on, and only while it is valid", async () => {
  const time = { now: NOW };
  const decider = verifier({ clock: () => time.now * 1000 });
  const verified = await decider.verify(sign("RS256", { claims: SENTINEL }));
  const other = await verifier().verify(sign("RS256", { claims: SENTINEL }));
  const forged = Object.create(Object.getPrototypeOf(verified));
  for (const wrong of [undefined, {}, { claims: { sub: "u1" } }, other, sign("RS256", { claims: SENTINEL })]) {
    assert.throws(() => decider.decide({ method: "GET", path: "/docs/7" }, wrong), { code: "configuration_invalid" });
  }
  assert.throws(() => decider.decide({ method: "GET", path: "/docs/7" }, forged));
  assert.throws(() => new verified.constructor("e30.e30.AA", {}).identity);
  assert.equal(decider.decide({ method: "GET", path: "/docs/7" }, verified).allow, true);
  time.now += 600;
  assert.equal(decider.decide({ method: "GET", path: "/docs/7" }, verified).reason, "unauthenticated");
});

test("new keys end what the old ones signed, also for a token that is held", async () => {
  const decider = verifier();
  const verified = await decider.verify(sign("RS256", { claims: SENTINEL }));
  decider.updateKeys({ jwks: jwks(keys("RS256", "k2")) });
  assert.equal(decider.decide({ method: "GET", path: "/docs/7" }, verified).reason, "unauthenticated");
  assert.throws(() => verified.identity, { code: "key_not_found" });
  // Another key under the same name, because the old one leaked.
  decider.updateKeys({ jwks: { keys: [{ ...keys("RS256", "k2").jwk, kid: "k1" }] } });
  assert.equal(decider.decide({ method: "GET", path: "/docs/7" }, verified).reason, "unauthenticated");
  assert.throws(() => verified.identity, { code: "signature_invalid" });
});

test("workspaces", async () => {
  const decider = verifier({ allowedWorkspaces: ["w1"] });
  const inside = await decider.verify(sign("RS256", { claims: SENTINEL }));
  const outside = await decider.verify(sign("RS256", { claims: { ...SENTINEL, wid: "w2" } }));
  assert.equal(decider.decide({ method: "GET", path: "/docs/7" }, inside).allow, true);
  assert.equal(decider.decide({ method: "GET", path: "/docs/7" }, outside).reason, "workspace_not_allowed");
});

const IDP = "https://accounts.example.com";
const identityToken = (claims = {}) =>
  sign("RS256", { kid: "idp", claims: { iss: IDP, aud: "client", sub: "google-1", email: "ada@example.com", ...claims } });
const authorizationToken = (claims = {}) =>
  sign("RS256", {
    claims: { aud: "sentinel:authz", sub: "u1", idp_sub: "google-1", svc: "notes", type: "authz", wid: "w1", wrole: "editor", actions: ["notes:export"], ...claims },
  });

function pair({ service = "notes", ...more } = {}) {
  const identity = createVerifier({ issuer: IDP, audience: "client", jwks: jwks(keys("RS256", "idp")), profile: "oidc", clock });
  const authorization = createVerifier(settings({ audience: "sentinel:authz", jwks: jwks(keys("RS256")), rules, ...more }));
  return createTokenPair({ identity, authorization, service });
}

test("a token pair that belongs together", async () => {
  const both = pair();
  const verified = await both.verify(identityToken(), authorizationToken());
  assert.equal(verified.identity.userId, "u1");
  assert.equal(verified.identity.idpSubject, "google-1");
  assert.equal(verified.identity.email, "ada@example.com");
  assert.deepEqual(verified.identity.actions, ["notes:export"]);
  assert.equal(verified.identityToken.claims.sub, "google-1");
  assert.equal(both.decide({ method: "POST", path: "/export" }, verified).reason, "action");
  assert.equal(both.decide({ method: "POST", path: "/export" }, null).reason, "unauthenticated");
  assert.equal(both.verifySync(identityToken(), authorizationToken()).identity.role, "editor");
});

test("a token pair that does not", async () => {
  const both = pair();
  for (const [identity, authorization, code] of [
    [identityToken({ sub: "google-2" }), authorizationToken(), "binding_mismatch"],
    [identityToken(), authorizationToken({ idp_sub: "google-2" }), "binding_mismatch"],
    [identityToken(), authorizationToken({ svc: "other" }), "binding_mismatch"],
    [identityToken(), authorizationToken({ aud: "sentinel:access" }), "audience_mismatch"],
    [identityToken(), authorizationToken({ type: "access" }), "binding_mismatch"],
    [identityToken({ aud: "another-client" }), authorizationToken(), "audience_mismatch"],
    [authorizationToken(), identityToken(), "key_not_found"],
    [identityToken(), identityToken(), "key_not_found"],
  ]) {
    assert.equal(await refusal(() => both.verify(identity, authorization)), code);
  }
  assert.equal(await refusal(() => pair({ service: "other" }).verify(identityToken(), authorizationToken())), "binding_mismatch");
});

test("tokens of two pairs put together are nobody's", async () => {
  const both = pair();
  const ada = await both.verify(identityToken(), authorizationToken());
  const eve = await both.verify(identityToken({ sub: "google-2" }), authorizationToken({ sub: "u2", idp_sub: "google-2" }));
  const mixed = { identity: ada.identity, identityToken: eve.identityToken, authorizationToken: ada.authorizationToken };
  assert.equal(both.decide({ method: "POST", path: "/export" }, mixed).reason, "unauthenticated");
});

test("a pair whose keys were replaced, either's, is nobody's", async () => {
  for (const replaced of ["identity", "authorization"]) {
    const both = pair();
    const verified = await both.verify(identityToken(), authorizationToken());
    const kid = replaced === "identity" ? "idp" : "k1";
    both[replaced].updateKeys({ jwks: { keys: [{ ...keys("RS256", "k2").jwk, kid }] } });
    assert.equal(both.decide({ method: "POST", path: "/export" }, verified).reason, "unauthenticated", replaced);
  }
});

test("a pair needs two verifiers of one entry point that check what a pair needs", async () => {
  const authorization = createVerifier(settings({ audience: "sentinel:authz", jwks: jwks(keys("RS256")) }));
  const identity = createVerifier({ issuer: IDP, audience: "client", jwks: jwks(keys("RS256", "idp")), clock });
  const foreign = testing.harness(module(), "host").createVerifier({ issuer: IDP, audience: "client", jwks: jwks(keys("RS256", "idp")) });
  for (const options of [{}, { identity, authorization }, { identity, service: "x" }, { identity: foreign, authorization, service: "x" }]) {
    assert.throws(() => createTokenPair(options), { code: "configuration_invalid" });
  }
  const loose = createVerifier({ issuer: IDP, audience: testing.ANY, jwks: jwks(keys("RS256", "idp")), clock });
  const both = createTokenPair({ identity: loose, authorization, service: "notes" });
  assert.equal(await refusal(() => both.verify(identityToken(), authorizationToken())), "configuration_invalid");
});

test("relations are asked of whoever knows them, last and as tuples have them", async () => {
  const rules = [
    { method: "GET", path: "/notes/:id", allow: { relation: "viewer", object: "note:{id}" } },
    { method: "*", path: "/notes/:id/**", allow: { role: "editor", relation: "editor", object: "note:{id}" } },
  ];
  const one = verifier({ rules });
  const editor = await one.verify(sign("RS256", { claims: SENTINEL }));
  const viewer = await one.verify(sign("RS256", { claims: { ...SENTINEL, wrole: "viewer" } }));
  const asked = [];
  const relations = (...question) => {
    asked.push(question);
    return question[1] === "note:7";
  };
  const decide = (path, who = editor, answer = relations) => {
    asked.length = 0;
    const { allow, reason } = one.decide({ method: "GET", path }, who, { relations: answer });
    return [allow, reason];
  };
  assert.deepEqual(decide("/notes/7"), [true, "relation"]);
  assert.deepEqual(asked, [["viewer", "note:7", "user:u1"]]);
  assert.deepEqual(decide("/notes/8"), [false, "relation_required"]);
  // With a slash at its end it may mean both rules.
  assert.deepEqual(decide("/notes/7/"), [true, "relation"]);
  assert.deepEqual(asked, [["viewer", "note:7", "user:u1"], ["editor", "note:7", "user:u1"]]);
  assert.deepEqual(decide("/notes/7/", editor, (relation) => relation === "viewer"), [false, "relation_required"]);
  // What costs less is asked first.
  assert.deepEqual([decide("/notes/7/share", viewer), asked.length], [[false, "role_required"], 0]);
  assert.deepEqual([decide("/notes/7", null), asked.length], [[false, "unauthenticated"], 0]);
  assert.deepEqual([decide("/notes/a%3Ab"), asked.length], [[false, "relation_required"], 0]);
  // Only a clear answer is one, and what is thrown is thrown.
  for (const answer of [1, "yes", undefined, null, {}, Promise.resolve(true)]) {
    assert.throws(() => decide("/notes/7", editor, () => answer), { code: "unavailable" });
  }
  const stale = new testing.SentinelError("bundle_stale", "the bundle is too old");
  assert.throws(() => decide("/notes/7", editor, () => { throw stale; }), stale);
  // Whoever answers may use the verifier, and replace its keys.
  assert.deepEqual(decide("/notes/7", editor, () => one.decide({ method: "GET", path: "/notes/8" }, viewer, { relations: () => true }).allow), [true, "relation"]);
  const both = pair({ rules });
  const verified = await both.verify(identityToken(), authorizationToken());
  assert.equal(both.decide({ method: "GET", path: "/notes/7" }, verified, { relations }).reason, "relation");
  assert.equal(both.decide({ method: "GET", path: "/notes/7" }, verified).reason, "relation_required");
});
