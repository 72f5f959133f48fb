// Inputs that want to cost much, grow memory, or be read in two ways.
import assert from "node:assert/strict";
import { test } from "node:test";
import { jwks, keys, module, NOW, refusal, settings, sign, testing } from "./support.mjs";

const MEGABYTE = 1024 * 1024;
const base64url = (text) => Buffer.from(text).toString("base64url");
const CAP = 32 * MEGABYTE;

for (const backend of testing.backends()) {
  const { createVerifier, engine } = testing.harness(module(), backend);
  const verifier = createVerifier(settings({ jwks: jwks(keys("RS256")) }));

  test(`${backend}: what is no string is malformed`, async () => {
    for (const token of [undefined, null, 5, 5n, {}, [], Symbol("x"), () => sign("RS256"), new String(sign("RS256")), new Uint8Array(9), { toString: () => sign("RS256") }]) {
      assert.equal(await refusal(() => verifier.verify(token)), "token_malformed");
      assert.throws(() => verifier.verifySync(token), { name: "SentinelError" });
    }
  });

  const good = sign("RS256");
  const deep = `{"a":${"[".repeat(3000)}${"]".repeat(3000)}}`;
  const cases = {
    "a megabyte": ["A".repeat(MEGABYTE), "token_too_large"],
    "a megabyte of two-byte text": ["é".repeat(MEGABYTE), "token_too_large"],
    "a million dots": [".".repeat(1e6), "token_too_large"],
    "dots up to the limit": [".".repeat(16384), "token_malformed"],
    "one byte over the limit": ["A".repeat(16385), "token_too_large"],
    "two-byte text over the limit in bytes only": ["é".repeat(9000), ["token_too_large", "token_malformed"]],
    "a megabyte behind a good token": [good + "A".repeat(MEGABYTE), "token_too_large"],
    "depth 3000 in the header": [`${base64url(deep)}.e30.AA`, "token_malformed"],
    "a kid of 10 KB": [sign("RS256", { header: { kid: "k".repeat(10_000) } }), undefined],
    "a lone surrogate": [`${good}\ud800`, "token_malformed"],
    "lone surrogates only": ["\udc00".repeat(100), "token_malformed"],
    "a NUL": [`${good}\0`, "token_malformed"],
    "white space": [` ${good}`, "token_malformed"],
    "padding": [`${good}==`, "token_malformed"],
    "five parts": [`${good}.AA.AA`, "token_malformed"],
    "nothing": ["", "token_malformed"],
    "full-width dots": [good.replaceAll(".", "\uff0e"), "token_malformed"],
    "bytes of Latin-1 that look like base64url": [good.replace(/A(?=[^.]*$)/, "\u0141"), "token_malformed"],
  };
  for (const [name, [token, expected]] of Object.entries(cases)) {
    test(`${backend}: ${name}`, async () => {
      const code = await refusal(() => verifier.verify(token));
      if (expected !== undefined) assert.ok([expected].flat().includes(code), code);
      // The first call compiles; the second is what a flood of them costs.
      const times = [];
      for (let index = 0; index < 5; index += 1) {
        const start = performance.now();
        assert.equal(await refusal(() => verifier.verify(token)), code);
        times.push(performance.now() - start);
      }
      assert.ok(Math.min(...times) < 1, `${Math.min(...times)} ms`);
    });
  }

  test(`${backend}: a good token passes after all of them, and the memory did not grow for them`, async () => {
    const before = engine.memoryBytes;
    for (let round = 0; round < 50; round += 1) {
      for (const [token] of Object.values(cases)) await refusal(() => verifier.verify(token));
    }
    assert.equal((await verifier.verify(good)).claims.sub, "u1");
    assert.equal(engine.memoryBytes, before);
    assert.ok(before <= CAP);
  });
}

test("a payload that is deep, double or not UTF-8 is refused although its signature holds", async () => {
  const verifier = testing.harness(module(), "host").createVerifier(settings({ jwks: jwks(keys("RS256")) }));
  const claims = `"iss":"https://login.example.com","aud":"my-service","exp":${NOW + 600}`;
  for (const text of [
    `{${claims},"a":${"[".repeat(3000)}${"]".repeat(3000)}}`,
    `{${claims},"exp":${NOW + 9999}}`,
    `{${claims},"\\u0065xp":${NOW + 9999}}`,
    `{${claims},"a":{"b":1,"\\u0062":2}}`,
    `{${claims}} `.replace(" ", "\u00a0"),
    `\ufeff{${claims}}`,
    `[{${claims}}]`,
    `{${claims},"a":01}`,
    `{${claims},"a":"\\ud800"}`,
  ]) {
    assert.equal(await refusal(() => verifier.verify(sign("RS256", { claims: text }))), "token_malformed", text);
  }
});

test("a token longer than the default passes where it is allowed to", async () => {
  const { createVerifier } = testing.harness(module(), "host");
  const groups = Array.from({ length: 2000 }, (_, index) => `group-${index}-0123456789`);
  const token = sign("RS256", { claims: { groups } });
  assert.ok(token.length > 40_000);
  const options = settings({ jwks: jwks(keys("RS256")) });
  assert.equal(await refusal(() => createVerifier(options).verify(token)), "token_too_large");
  const large = createVerifier({ ...options, maxTokenBytes: 65536 });
  assert.equal((await large.verify(token)).claims.groups.length, 2000);
  assert.equal((await createVerifier(options).verify(sign("RS256"))).claims.sub, "u1");
});

test("verifiers without end do not fill the memory, and old ones work on", async () => {
  const { createVerifier, engine } = testing.harness(module(), "host");
  const make = () => createVerifier(settings({ jwks: jwks(keys("RS256"), keys("RS256", "k2")), rules: [{ method: "GET", path: "/", allow: "authenticated" }] }));
  const first = make();
  const verified = await first.verify(sign("RS256"));
  let last;
  for (let index = 0; index < 2000; index += 1) last = make();
  assert.ok(engine.memoryBytes < CAP / 2, `${engine.memoryBytes}`);
  await last.verify(sign("RS256"));
  assert.equal((await first.verify(sign("RS256"))).claims.sub, "u1");
  for (let index = 0; index < 300; index += 1) make();
  assert.equal(verified.identity.userId, "u1");
  for (let index = 0; index < 300; index += 1) make();
  assert.equal(first.decide({ method: "GET", path: "/" }, verified).allow, true);
  for (let index = 0; index < 300; index += 1) make();
  first.updateKeys({ jwks: jwks(keys("RS256", "k2")) });
  assert.equal(await refusal(() => first.verify(sign("RS256"))), "key_not_found");
});

test("full caches of long tokens stay below the cap", async () => {
  const { createVerifier, engine } = testing.harness(module(), "host");
  const secret = new Uint8Array(keys("HS256").secret);
  const verifiers = Array.from({ length: 4 }, () => createVerifier(settings({ secret, cache: 4096 })));
  for (let index = 0; index < 6000; index += 1) {
    const token = sign("HS256", { claims: { sub: `u${index}`, filler: "x".repeat(index % 3 === 0 ? 2200 : 400) } });
    for (const verifier of verifiers) verifier.verifySync(token);
  }
  assert.ok(engine.memoryBytes <= CAP, `${engine.memoryBytes}`);
  assert.equal(engine.epoch, 1, "no instance failed");
});

test("a key set over the limit is refused", async () => {
  const { createVerifier, engine } = testing.harness(module(), "host");
  for (const length of [513 * 1024, 5 * MEGABYTE, 100 * MEGABYTE]) {
    const text = `{"keys":[]${" ".repeat(length)}}`;
    const code = await refusal(() => createVerifier(settings({ jwks: text })));
    assert.ok(["key_unusable", "configuration_invalid"].includes(code), code);
  }
  assert.ok(engine.memoryBytes < CAP / 2);
});
