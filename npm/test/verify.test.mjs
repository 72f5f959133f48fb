import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import { AUDIENCE, clock, CLAIMS, ISSUER, jwks, keys, module, NOW, refusal, settings, sign, testing } from "./support.mjs";

const { ALGORITHMS, ANY, backends, harness } = testing;
const ASYMMETRIC = ALGORITHMS.filter((algorithm) => !algorithm.startsWith("HS"));

for (const backend of backends()) {
  const { createVerifier } = harness(module(), backend);
  const verifierFor = (algorithm, more = {}) =>
    algorithm.startsWith("HS")
      ? createVerifier(settings({ algorithms: [algorithm], secret: new Uint8Array(keys(algorithm).secret), ...more }))
      : createVerifier(settings({ algorithms: [algorithm], jwks: jwks(keys(algorithm)), ...more }));

  for (const algorithm of ALGORITHMS) {
    test(`${backend}: ${algorithm} is accepted, and not when a bit is wrong`, async () => {
      const verifier = verifierFor(algorithm, { cache: 0 });
      const token = sign(algorithm, { claims: { greeting: "grüß 😀" } });
      const verified = await verifier.verify(token);
      assert.deepEqual(verified.claims, { ...CLAIMS, greeting: "grüß 😀" });
      assert.deepEqual(verified.header, { alg: algorithm, typ: "JWT", kid: "k1" });
      const [head, body, signature] = token.split(".");
      const flipped = Buffer.from(signature, "base64url");
      flipped[flipped.length >> 1] ^= 1;
      for (const wrong of [
        `${head}.${body}.${flipped.toString("base64url")}`,
        `${head}.${Buffer.from(JSON.stringify({ ...CLAIMS, sub: "u2" })).toString("base64url")}.${signature}`,
        sign(algorithm, { pair: keys(algorithm, "another") }),
      ]) {
        assert.equal(await refusal(() => verifier.verify(wrong)), "signature_invalid");
      }
      await verifier.verify(token);
    });
  }

  test(`${backend}: verifications in flight do not mix`, async () => {
    const verifiers = ["RS256", "ES256", "EdDSA"].map((algorithm) => ({ algorithm, verifier: verifierFor(algorithm) }));
    const work = Array.from({ length: 90 }, (_, index) => {
      const { algorithm, verifier } = verifiers[index % 3];
      const token = sign(algorithm, { claims: { sub: `u${index}` } });
      const wrong = index % 5 === 0;
      const asked = verifier.verify(wrong ? `${token.slice(0, -8)}AAAAAAAA` : token);
      return asked.then(
        ({ claims }) => assert.equal(claims.sub, wrong ? "refused" : `u${index}`),
        (error) => assert.ok(wrong && error.code === "signature_invalid", `${index}: ${error}`),
      );
    });
    await Promise.all(work);
  });

  test(`${backend}: keys that change while a verification waits are not used`, async () => {
    const verifier = verifierFor("RS256");
    const token = sign("RS256");
    const waiting = verifier.verify(token);
    verifier.updateKeys({ jwks: jwks(keys("RS256", "k2")) });
    if (backend === "webcrypto") assert.equal(await refusal(() => waiting), "key_not_found");
    else await waiting;
    assert.equal(await refusal(() => verifier.verify(token)), "key_not_found");
  });
}

const { createVerifier } = harness(module(), "host");
const verifier = createVerifier(settings({ jwks: jwks(keys("RS256")) }));

test("verifySync is the same, at once", () => {
  assert.equal(verifier.verifySync(sign("RS256")).claims.sub, "u1");
  assert.throws(() => verifier.verifySync(sign("RS256", { claims: { exp: NOW } })), { code: "token_expired" });
});

test("the claims are checked, each with its code", async () => {
  for (const [claims, code, claim] of [
    [{ exp: NOW }, "token_expired", "exp"],
    [{ exp: undefined }, "claim_missing", "exp"],
    [{ exp: "soon" }, "claim_invalid", "exp"],
    [{ nbf: NOW + 1 }, "token_not_yet_valid", "nbf"],
    [{ iss: "https://evil.example.com" }, "issuer_mismatch", "iss"],
    [{ aud: ["other"] }, "audience_mismatch", "aud"],
  ]) {
    await assert.rejects(verifier.verify(sign("RS256", { claims })), (error) => {
      assert.equal(error.name, "SentinelError");
      assert.deepEqual([error.code, error.claim ?? claim], [code, claim]);
      assert.equal(JSON.parse(JSON.stringify(error)).code, code);
      return true;
    });
  }
});

test("one more demand: leeway, type, use, age, required claims, several issuers and audiences", async () => {
  const refusedBy = (more, token) =>
    refusal(() => createVerifier(settings({ jwks: jwks(keys("RS256")), ...more })).verify(token));
  const accepted = (more, token) => createVerifier(settings({ jwks: jwks(keys("RS256")), ...more })).verify(token);
  await accepted({ leeway: 5 }, sign("RS256", { claims: { exp: NOW - 4 } }));
  assert.equal(await refusedBy({ leeway: 5 }, sign("RS256", { claims: { exp: NOW - 5 } })), "token_expired");
  await accepted({ type: "at+jwt" }, sign("RS256", { header: { typ: "at+jwt" } }));
  assert.equal(await refusedBy({ type: "at+jwt" }, sign("RS256")), "type_mismatch");
  await accepted({ tokenUse: "access" }, sign("RS256", { claims: { type: "access" } }));
  assert.equal(await refusedBy({ tokenUse: "access" }, sign("RS256", { claims: { type: "refresh" } })), "type_mismatch");
  assert.equal(await refusedBy({ maxAge: 5 }, sign("RS256")), "token_expired");
  assert.equal(await refusedBy({ required: ["exp", "nonce"] }, sign("RS256")), "claim_missing");
  await accepted({ issuer: ["x", ISSUER], audience: [AUDIENCE, "y"] }, sign("RS256"));
  await accepted({ issuer: ANY, audience: ANY }, sign("RS256", { claims: { iss: undefined, aud: undefined } }));
});

test("a PEM key fits any kid; a secret serves its one algorithm", async () => {
  const pem = keys("RS256").publicKey.export({ type: "spki", format: "pem" });
  await createVerifier(settings({ pem })).verify(sign("RS256", { header: { kid: "whatever" } }));
  const { secret } = keys("HS512");
  const bySecret = createVerifier(settings({ secret: new Uint8Array(secret), algorithms: ["HS512"] }));
  await bySecret.verify(sign("HS512"));
  assert.equal(await refusal(() => bySecret.verify(sign("HS256"))), "algorithm_not_allowed");
  // The classic confusion: a public key's text used as an HMAC secret (RFC 8725 §2.1).
  const confused = sign("HS256", { pair: { secret: createSecretKey(Buffer.from(pem)).export() } });
  for (const options of [{ pem }, { jwks: jwks(keys("RS256")) }]) {
    assert.equal(await refusal(() => createVerifier(settings(options)).verify(confused)), "algorithm_not_allowed");
  }
});

test("secrets in a key set are not keys", async () => {
  const mixed = createVerifier(settings({ jwks: jwks(keys("HS256"), keys("RS256")) }));
  await mixed.verify(sign("RS256"));
  assert.equal(await refusal(() => mixed.verify(sign("HS256"))), "algorithm_not_allowed");
});

test("options that are not understood are refused", async () => {
  const keySet = jwks(keys("RS256"));
  for (const options of [
    undefined,
    null,
    {},
    { issuer: "i", audience: "a" },
    { issuer: "i", jwks: keySet },
    { audience: "a", jwks: keySet },
    { issuer: null, audience: "a", jwks: keySet },
    { issuer: undefined, audience: "a", jwks: keySet },
    { issuer: "i", audience: "a", jwks: keySet, audeince: "a" },
    { issuer: "i", audience: "a", jwks: keySet, leeway: 301 },
    { issuer: "i", audience: "a", jwks: keySet, leeway: "5" },
    { issuer: "i", audience: "a", jwks: keySet, leeway: NaN },
    { issuer: "i", audience: "a", jwks: keySet, algorithms: ["none"] },
    { issuer: "i", audience: "a", jwks: keySet, algorithms: ["HS256"] },
    { issuer: "i", audience: "a", jwks: keySet, algorithms: "RS256" },
    { issuer: "i", audience: "a", jwks: keySet, pem: "x" },
    { issuer: "i", audience: "a", jwks: keySet, cache: -1 },
    { issuer: "i", audience: "a", jwks: keySet, cache: 1e9 },
    { issuer: "i", audience: "a", jwks: keySet, revoked: true },
    { issuer: "i", audience: "a", jwks: keySet, clock: 5 },
    { issuer: "i", audience: "a", jwks: keySet, profile: "unknown" },
    { issuer: "i", audience: "a", secret: "text" },
    { issuer: "i", audience: "a", jwks: keySet, jwksOptions: { staleFor: 0 } },
    { issuer: "i", audience: "a", jwksUrl: "https://login.example.com/jwks", jwksOptions: { staleFro: 0 } },
    { issuer: "i", audience: "a", jwksUrl: "https://login.example.com/jwks", jwksOptions: { staleFor: Number.NaN } },
    { issuer: "i", audience: "a", jwksUrl: "https://login.example.com/jwks", jwksOptions: { timeout: "5s" } },
    // JSON writes `null` for them, which says that nothing is checked.
    { issuer: Number.NaN, audience: "a", jwks: keySet },
    { issuer: "i", audience: Number.POSITIVE_INFINITY, jwks: keySet },
    { issuer: new Date(Number.NaN), audience: "a", jwks: keySet },
    { issuer: "i", audience: { toJSON: () => null }, jwks: keySet },
    { issuer: [Number.NaN], audience: "a", jwks: keySet },
    { issuer: "i", audience: "a", secret: new Uint8Array(32), algorithms: ["HS256", "RS256"] },
    { issuer: "i", audience: "a", secret: new Uint8Array(32), algorithms: [] },
    { issuer: "i", audience: "a", pem: new Uint8Array(5) },
  ]) {
    assert.equal(await refusal(() => createVerifier(options)), "configuration_invalid", JSON.stringify(options));
  }
  for (const options of [{ jwks: "{" }, { jwks: {} }, { pem: "x" }, { secret: new Uint8Array(31) }]) {
    assert.equal(await refusal(() => createVerifier(settings(options))), "key_unusable", JSON.stringify(options));
  }
});

test("a clock that does not tell the time refuses", async () => {
  for (const time of [NaN, Infinity, -Infinity, undefined, null, "1", new Date()]) {
    const broken = createVerifier(settings({ jwks: jwks(keys("RS256")), clock: () => time }));
    assert.equal(await refusal(() => broken.verify(sign("RS256"))), "unavailable", String(time));
  }
});

test("a host's own clock that stands at 0 refuses: before it, every token is fresh", async () => {
  const { now } = Date;
  const verifier = createVerifier(settings({ jwks: jwks(keys("RS256")), clock: undefined }));
  try {
    Date.now = () => 0;
    assert.equal(await refusal(() => verifier.verify(sign("RS256"))), "unavailable");
  } finally {
    Date.now = now;
  }
});

test("what one result's owner does to its claims, no other result shows", async () => {
  const text = JSON.stringify({ ...CLAIMS, groups: ["a"], of: { wid: [{ id: 1 }] } }).replace("{", '{"__proto__":{"admin":1},');
  const token = sign("RS256", { claims: text });
  // The first result is the verification's, the second is kept for the third.
  for (let round = 0; round < 3; round += 1) {
    const result = await verifier.verify(token);
    const { claims, header, identity } = result;
    for (const change of [
      () => (result.user = "root"),
      () => (result.claims = {}),
      () => (claims.sub = "root"),
      () => (claims.role = "admin"),
      () => delete claims.exp,
      () => claims.groups.push("admins"),
      () => (claims.of.wid[0].id = 2),
      () => (Object.getOwnPropertyDescriptor(claims, "__proto__").value.admin = 2),
      () => Object.setPrototypeOf(claims, { admin: true }),
      () => Object.setPrototypeOf(result, {}),
      () => Object.defineProperty(claims, "toJSON", { value: () => ({}) }),
      () => (header.kid = "other"),
      () => (identity.role = "admin"),
      () => identity.groups.push("admins"),
    ]) {
      assert.throws(change, TypeError, `${change}`);
    }
    assert.deepEqual([claims.sub, claims.groups, claims.of.wid[0].id, claims.role], ["u1", ["a"], 1, undefined]);
    assert.deepEqual([header.kid, identity.groups, identity.role], ["k1", ["a"], undefined]);
  }
});

test("a member called __proto__ is a claim and nothing else", async () => {
  const text = JSON.stringify(CLAIMS).replace("{", '{"__proto__":{"admin":true},');
  const { claims } = await verifier.verify(sign("RS256", { claims: text }));
  assert.equal(claims.admin, undefined);
  assert.equal({}.admin, undefined);
});

test("revoked is asked each time, and only a clear no accepts", async () => {
  const token = sign("RS256", { claims: { jti: "t7" } });
  const revoked = new Set();
  const asked = createVerifier(settings({ jwks: jwks(keys("RS256")), revoked: ({ claims }) => revoked.has(claims.jti) }));
  await asked.verify(token);
  asked.verifySync(token);
  revoked.add("t7");
  assert.equal(await refusal(() => asked.verify(token)), "token_revoked");
  assert.throws(() => asked.verifySync(token), { code: "token_revoked" });
  const fails = () => {
    throw new Error("database");
  };
  for (const [answer, sync, code] of [
    [async () => false, "unavailable", undefined],
    [async () => true, "unavailable", "token_revoked"],
    [() => undefined, "unavailable", "unavailable"],
    [() => 0, "unavailable", "unavailable"],
    [() => "no", "unavailable", "unavailable"],
    [fails, "unavailable", "unavailable"],
    [async () => fails(), "unavailable", "unavailable"],
  ]) {
    const verifier = createVerifier(settings({ jwks: jwks(keys("RS256")), revoked: answer }));
    if (code === undefined) await verifier.verify(token);
    else assert.equal(await refusal(() => verifier.verify(token)), code);
    assert.equal(await refusal(() => verifier.verifySync(token)), sync);
  }
});

test("sessions that were invalidated: iat tells", async () => {
  const since = new Map([["u1", NOW - 5]]);
  const revoked = ({ claims }) => claims.iat < (since.get(claims.sub) ?? 0);
  const verifier = createVerifier(settings({ jwks: jwks(keys("RS256")), revoked }));
  assert.equal(await refusal(() => verifier.verify(sign("RS256"))), "token_revoked");
  await verifier.verify(sign("RS256", { claims: { iat: NOW - 5 } }));
});

test("nothing shows a token's text", async () => {
  const { inspect } = await import("node:util");
  const token = sign("RS256");
  const verified = await verifier.verify(token);
  const part = token.split(".")[2];
  for (const text of [inspect(verified, { depth: 9, showHidden: true }), JSON.stringify(verified), inspect(verifier, { depth: 9 })]) {
    assert.ok(!text.includes(part));
  }
});

test("every asymmetric algorithm can be allowed at once", async () => {
  const all = createVerifier(settings({ algorithms: ASYMMETRIC, jwks: jwks(keys("RS256", "r"), keys("ES512", "e")) }));
  await all.verify(sign("PS384", { kid: "r", pair: keys("RS256", "r") }));
  await all.verify(sign("ES512", { kid: "e" }));
});
