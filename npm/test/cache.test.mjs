// The cache of verified tokens can never outlive exp, a revocation or a key change.
import assert from "node:assert/strict";
import { test } from "node:test";
import { jwks, keys, module, NOW, refusal, settings, sign, testing } from "./support.mjs";

/** A verifier that counts how often the host is asked about a signature. */
function counted(more = {}) {
  const { createVerifier, engine } = testing.harness(module(), "host");
  let asked = 0;
  const call = engine.call.bind(engine);
  // Every signature that is asked for ends in a call to `finish`.
  engine.call = (ask) => call((exports) => ask({ ...exports, finish: (...rest) => ((asked += 1), exports.finish(...rest)) }));
  const time = { now: NOW };
  const verifier = createVerifier(settings({ jwks: jwks(keys("ES256")), clock: () => time.now * 1000, ...more }));
  return { verifier, time, asked: () => asked };
}

test("a repeated token is not verified again", async () => {
  const { verifier, asked } = counted();
  const token = sign("ES256");
  for (let index = 0; index < 5; index += 1) assert.equal((await verifier.verify(token)).claims.sub, "u1");
  verifier.verifySync(token);
  assert.equal(asked(), 1);
});

test("a token that differs in any byte is another token", async () => {
  const { verifier } = counted();
  const token = sign("ES256");
  await verifier.verify(token);
  for (let index = 0; index < token.length; index += 7) {
    const other = token[index] === "A" ? "B" : "A";
    const changed = token.slice(0, index) + other + token.slice(index + 1);
    await assert.rejects(verifier.verify(changed), { name: "SentinelError" }, `byte ${index}`);
  }
  for (const changed of [`${token}A`, `${token} `, ` ${token}`, token.slice(0, -1)]) {
    await assert.rejects(verifier.verify(changed), { name: "SentinelError" });
  }
});

test("exp and nbf are asked again on every hit", async () => {
  const { verifier, time } = counted();
  const token = sign("ES256", { claims: { nbf: NOW - 5, exp: NOW + 5 } });
  await verifier.verify(token);
  time.now += 4;
  await verifier.verify(token);
  time.now += 1;
  assert.equal(await refusal(() => verifier.verify(token)), "token_expired");
  time.now = NOW;
  await verifier.verify(token);
  time.now = NOW - 6;
  assert.equal(await refusal(() => verifier.verify(token)), "token_not_yet_valid");
});

test("the greatest age is asked again on every hit", async () => {
  const { verifier, time } = counted({ maxAge: 60 });
  const token = sign("ES256", { claims: { iat: NOW } });
  await verifier.verify(token);
  time.now += 60;
  await verifier.verify(token);
  time.now += 1;
  assert.equal(await refusal(() => verifier.verify(token)), "token_expired");
});

test("new keys forget every token", async () => {
  const { verifier, asked } = counted();
  const token = sign("ES256");
  await verifier.verify(token);
  verifier.updateKeys({ jwks: jwks(keys("ES256"), keys("ES256", "k2")) });
  await verifier.verify(token);
  assert.equal(asked(), 2);
  verifier.updateKeys({ jwks: jwks(keys("ES256", "k2")) });
  assert.equal(await refusal(() => verifier.verify(token)), "key_not_found");
  // Another key under the same name: what the old one signed is no longer valid.
  verifier.updateKeys({ jwks: { keys: [{ ...keys("ES256", "k2").jwk, kid: "k1" }] } });
  assert.equal(await refusal(() => verifier.verify(token)), "signature_invalid");
});

test("a token that is held while the keys are replaced decides nothing by what the old ones signed", async () => {
  const rules = [{ method: "GET", path: "/", allow: "authenticated" }];
  const request = { method: "GET", path: "/" };
  const stolen = { jwks: { keys: [{ ...keys("ES256", "k2").jwk, kid: "k1" }] } };
  for (const backend of testing.backends()) {
    const { createVerifier } = testing.harness(module(), backend);
    const verifier = createVerifier(settings({ jwks: jwks(keys("ES256")), rules }));
    const held = await verifier.verify(sign("ES256"));
    assert.equal(verifier.decide(request, held).allow, true);
    // A rotation that keeps the key keeps the token, where it can be verified again without waiting.
    verifier.updateKeys({ jwks: jwks(keys("ES256"), keys("ES256", "k2")) });
    assert.equal(verifier.decide(request, held).allow, backend !== "webcrypto", backend);
    assert.equal(verifier.decide(request, await verifier.verify(sign("ES256"))).allow, true);
    // Another key under the same name, because the old one leaked.
    verifier.updateKeys(stolen);
    assert.deepEqual([verifier.decide(request, held).allow, verifier.decide(request, held).reason], [false, "unauthenticated"]);
  }
});

test("a secret that its owner wipes is not replaced by zeros", async () => {
  const { createVerifier } = testing.harness(module(), "host");
  const secret = Buffer.from(keys("HS256").secret);
  const verifier = createVerifier(settings({ secret }));
  secret.fill(0);
  // Its place in the module is given to others: the next question sets it up again.
  for (let index = 0; index < 256; index += 1) createVerifier(settings({ jwks: jwks(keys("ES256")) }));
  const forged = sign("HS256", { pair: { secret: Buffer.alloc(64) } });
  assert.equal(await refusal(() => verifier.verify(forged)), "signature_invalid");
  assert.equal((await verifier.verify(sign("HS256"))).claims.sub, "u1");
});

test("a clock that uses the verifier itself changes no verification", async () => {
  const { createVerifier } = testing.harness(module(), "host");
  const forged = `${sign("ES256", { claims: { sub: "admin" } }).split(".").slice(0, 2).join(".")}.${sign("ES256").split(".")[2]}`;
  let busy = false;
  const clock = () => {
    if (!busy) {
      busy = true;
      assert.throws(() => verifier.verifySync(forged), { code: "signature_invalid" });
      busy = false;
    }
    return NOW * 1000;
  };
  const verifier = createVerifier(settings({ jwks: jwks(keys("ES256")), clock }));
  assert.equal((await verifier.verify(sign("ES256"))).claims.sub, "u1");
  assert.equal(await refusal(() => verifier.verify(forged)), "signature_invalid");
});

test("keys that are refused replace nothing", async () => {
  const { verifier } = counted();
  assert.equal(await refusal(() => verifier.updateKeys({ jwks: "{" })), "key_unusable");
  assert.equal(await refusal(() => verifier.updateKeys({})), "configuration_invalid");
  assert.equal(await refusal(() => verifier.updateKeys({ jwks: jwks(keys("ES256")), secret: new Uint8Array(32) })), "configuration_invalid");
  await verifier.verify(sign("ES256"));
});

test("verifiers share nothing", async () => {
  const { createVerifier } = testing.harness(module(), "host");
  const token = sign("ES256");
  const accepts = createVerifier(settings({ jwks: jwks(keys("ES256")) }));
  await accepts.verify(token);
  const others = [
    [{ audience: "other" }, "audience_mismatch"],
    [{ issuer: "https://other.example.com" }, "issuer_mismatch"],
    [{ algorithms: ["RS256"] }, "algorithm_not_allowed"],
    [{ jwks: jwks(keys("ES256", "k2")) }, "key_not_found"],
  ];
  for (const [more, code] of others) {
    const other = createVerifier(settings({ jwks: jwks(keys("ES256")), ...more }));
    assert.equal(await refusal(() => other.verify(token)), code);
    const { verifier } = { verifier: accepts };
    const verified = await verifier.verify(token);
    assert.throws(() => other.decide({ method: "GET", path: "/" }, verified), { code: "configuration_invalid" });
  }
});

test("the cache is bounded, and evicting is not forgetting how to verify", async () => {
  const { verifier, asked } = counted({ cache: 8 });
  const tokens = Array.from({ length: 64 }, (_, index) => sign("ES256", { claims: { sub: `u${index}` } }));
  for (let round = 0; round < 2; round += 1) {
    for (const [index, token] of tokens.entries()) {
      assert.equal((await verifier.verify(token)).claims.sub, `u${index}`);
    }
  }
  assert.ok(asked() > 64 + 40, `${asked()}`);
});

test("a token that comes again is read once, and every part of it", async () => {
  for (const backend of testing.backends()) {
    const verifier = testing.harness(module(), backend).createVerifier(settings({ jwks: jwks(keys("ES256")) }));
    const [token, other] = [sign("ES256"), sign("ES256", { claims: { sub: "u2" } })];
    for (const each of [token, other, token, other]) await verifier.verify(each);
    const [one, two] = [await verifier.verify(token), await verifier.verify(token)];
    assert.ok(one.claims === two.claims && one.header === two.header && one.identity === two.identity, backend);
    assert.equal((await verifier.verify(other)).claims.sub, "u2");
  }
});

test("a place that another token took shows that token's claims", async () => {
  const { verifier } = counted({ cache: 4 });
  const tokens = Array.from({ length: 9 }, (_, index) => sign("ES256", { claims: { sub: `u${index}` } }));
  for (let round = 0; round < 40; round += 1) {
    // Again and again, so that each is recalled before others take its place, in ever other orders.
    const index = (round * round + round) % tokens.length;
    for (let again = 0; again < 3; again += 1) {
      const { claims, identity } = await verifier.verify(tokens[index]);
      assert.deepEqual([claims.sub, identity.userId], [`u${index}`, `u${index}`]);
    }
  }
});

test("what is kept of a token is asked about each time: its time, its revocation, its keys", async () => {
  const revoked = new Set();
  const { verifier, time } = counted({ revoked: ({ claims }) => revoked.has(claims.jti) });
  const token = sign("ES256", { claims: { exp: NOW + 5 } });
  const kept = async () => {
    await verifier.verify(token);
    await verifier.verify(token);
    return verifier.verify(token);
  };
  await kept();
  revoked.add("t1");
  assert.equal(await refusal(() => verifier.verify(token)), "token_revoked");
  assert.throws(() => verifier.verifySync(token), { code: "token_revoked" });
  revoked.clear();
  const before = await kept();
  time.now = NOW + 5;
  assert.equal(await refusal(() => verifier.verify(token)), "token_expired");
  time.now = NOW;
  verifier.updateKeys({ jwks: jwks(keys("ES256"), keys("ES256", "k2")) });
  const after = await kept();
  assert.ok(before !== after && before.claims !== after.claims);
  verifier.updateKeys({ jwks: { keys: [{ ...keys("ES256", "k2").jwk, kid: "k1" }] } });
  assert.equal(await refusal(() => verifier.verify(token)), "signature_invalid");
});

test("results are kept for their own text alone, in bounded memory, and keep no longer text alive", () => {
  const reader = new testing.Reader(() => ({}), () => 0);
  const kept = new testing.Kept(reader, 4);
  let copies = 0;
  const at = (place, text) => kept.at(place, text, () => ((copies += 1), text));
  const short = at(0, "a");
  assert.ok(at(0, "a") === short && at(0, "b") !== short && at(0, "a") !== short && at(1, "a") !== short);
  assert.equal(copies, 4);
  for (let place = 0; place < 4; place += 1) at(place, `${place}`.repeat(1024));
  const held = at(3, "3".repeat(1024));
  assert.ok(at(3, "3".repeat(1024)) === held);
  // One byte more than the bound: everything makes room.
  const more = at(4, "4");
  assert.ok(at(3, "3".repeat(1024)) !== held && at(4, "4") === more);
  kept.clear();
  assert.ok(at(4, "4") !== more);
});

test("cache: 0 keeps nothing", async () => {
  const { verifier, asked } = counted({ cache: 0 });
  const token = sign("ES256");
  await verifier.verify(token);
  await verifier.verify(token);
  assert.equal(asked(), 2);
});

test("a refused token is not kept", async () => {
  const { verifier, asked } = counted();
  const token = `${sign("ES256").slice(0, -20)}${sign("ES256").slice(-20)}`;
  for (let index = 0; index < 3; index += 1) assert.equal(await refusal(() => verifier.verify(token)), "signature_invalid");
  assert.equal(asked(), 3);
});
