// Whatever breaks refuses: a module that does not load, one that traps, a host that throws.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { jwks, keys, module, refusal, settings, sign, testing } from "./support.mjs";

const { Engine, harness } = testing;
const options = () => settings({ jwks: jwks(keys("RS256")), rules: [{ method: "GET", path: "/", allow: "authenticated" }] });
const sleep = (time) => new Promise((done) => setTimeout(done, time));

test("a module that is not ours starts no engine", () => {
  // `(module)`: valid, and exports nothing.
  const empty = new WebAssembly.Module(new Uint8Array([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]));
  assert.throws(() => new Engine(empty), { name: "SentinelError", code: "unavailable" });
});

test("bytes that do not compile make createVerifier refuse", async () => {
  const { readFile, writeFile, mkdtemp, rm } = await import("node:fs/promises");
  const { tmpdir } = await import("node:os");
  const { join } = await import("node:path");
  const folder = await mkdtemp(join(tmpdir(), "sentinel-"));
  try {
    const text = await readFile(new URL("../dist/inline.js", import.meta.url), "utf8");
    const [packed] = /[A-Za-z0-9+/]{50000,}/.exec(text);
    for (const [name, damaged] of [
      ["start", `AAAA${packed.slice(4)}`],
      ["middle", packed.slice(0, 30_000) + packed.slice(30_000, 30_400).split("").reverse().join("") + packed.slice(30_400)],
      ["end", packed.slice(0, 40_000)],
      ["nothing", ""],
    ]) {
      const broken = join(folder, `${name}.mjs`);
      await writeFile(broken, text.replace(packed, () => damaged));
      const { createVerifier } = await import(broken);
      for (let index = 0; index < 2; index += 1) {
        assert.throws(() => createVerifier(options()), { name: "SentinelError", code: "unavailable" }, name);
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a trap refuses, the instance is never used again, and a new one takes over", async () => {
  const { engine, createVerifier } = harness(module(), "host");
  const verifier = createVerifier(options());
  const token = sign("RS256");
  const verified = await verifier.verify(token);
  // Overwrites the heap: the allocator or a length goes wrong, and Rust traps or finds nothing valid.
  const scribble = () => new Uint8Array(engine.record.buffer).fill(0xff, 300 * 1024);
  scribble();
  const codes = new Set();
  for (let index = 0; index < 20; index += 1) codes.add(await refusal(() => verifier.verify(token)));
  assert.deepEqual([...codes], ["unavailable"]);
  assert.throws(() => createVerifier(options()), { code: "unavailable" });
  assert.throws(() => verifier.decide({ method: "GET", path: "/" }, verified), { code: "unavailable" });
  await sleep(1050);
  assert.equal((await verifier.verify(token)).claims.sub, "u1");
  assert.equal(engine.epoch, 2);
  assert.equal(verifier.decide({ method: "GET", path: "/" }, verified).allow, true);
  assert.equal(verified.identity.userId, "u1");
});

test("a trap while a verification waits for WebCrypto refuses it, or verifies it anew", async () => {
  const { engine, createVerifier } = harness(module(), "webcrypto");
  const verifier = createVerifier(options());
  const waiting = verifier.verify(sign("RS256"));
  new Uint8Array(engine.record.buffer).fill(0xff, 300 * 1024);
  assert.equal(await refusal(() => verifier.verify(sign("RS256"))), "unavailable");
  assert.equal(await refusal(() => waiting), "unavailable");
});

test("running out of memory refuses", async () => {
  const { engine, createVerifier } = harness(module(), "host");
  const verifier = createVerifier(options());
  // What the module may still grow by is taken from it.
  engine.call(({ memory }) => {
    try {
      for (;;) memory.grow(1);
    } catch {
      return 0;
    }
  });
  await verifier.verify(sign("RS256"));
  const large = { keys: Array.from({ length: 200 }, (_, index) => ({ ...keys("RS256").jwk, kid: `${index}`.padEnd(900, "x") })) };
  const made = [];
  assert.equal(await refusal(() => { for (;;) made.push(createVerifier({ ...options(), jwks: large })); }), "unavailable");
  assert.equal(await refusal(() => verifier.verify(sign("RS256"))), "unavailable");
  await sleep(1050);
  await verifier.verify(sign("RS256"));
});

test("an exception in the host's crypto refuses", async () => {
  const { createVerifier } = harness(module(), "webcrypto");
  const verifier = createVerifier(options());
  const { verify, importKey } = SubtleCrypto.prototype;
  const failing = () => Promise.reject(new Error("the provider is gone"));
  try {
    SubtleCrypto.prototype.verify = failing;
    assert.equal(await refusal(() => verifier.verify(sign("RS256"))), "unavailable");
    SubtleCrypto.prototype.verify = async () => "yes";
    assert.equal(await refusal(() => verifier.verify(sign("RS256"))), "signature_invalid");
    SubtleCrypto.prototype.importKey = failing;
    const later = createVerifier(options());
    assert.equal(await refusal(() => later.verify(sign("RS256"))), "unavailable");
    Object.assign(SubtleCrypto.prototype, { verify, importKey });
    await later.verify(sign("RS256"));
  } finally {
    Object.assign(SubtleCrypto.prototype, { verify, importKey });
  }
  await verifier.verify(sign("RS256"));
});

test("an algorithm that WebCrypto lacks is unavailable, not accepted", async () => {
  const { createVerifier } = harness(module(), "webcrypto");
  const { importKey } = SubtleCrypto.prototype;
  try {
    SubtleCrypto.prototype.importKey = () => Promise.reject(new DOMException("no such curve", "NotSupportedError"));
    assert.equal(await refusal(() => createVerifier(options()).verify(sign("RS256"))), "algorithm_unavailable");
  } finally {
    Object.assign(SubtleCrypto.prototype, { importKey });
  }
});

test("nothing synchronous at hand: verifySync says so", () => {
  const { createVerifier } = harness(module(), "webcrypto");
  assert.throws(() => createVerifier(options()).verifySync(sign("RS256")), { code: "algorithm_unavailable" });
});

test("without randomness nothing is cached", async () => {
  const { getRandomValues } = Crypto.prototype;
  let engine;
  try {
    Crypto.prototype.getRandomValues = () => {
      throw new Error("no entropy");
    };
    assert.throws(() => new Engine(module()), { code: "unavailable" });
  } finally {
    Crypto.prototype.getRandomValues = getRandomValues;
  }
  engine = new Engine(module());
  assert.equal(engine.epoch, 1);
});

test("the module imports nothing and cannot grow beyond its cap", () => {
  for (const variant of ["full", "slim"]) {
    assert.deepEqual(WebAssembly.Module.imports(module(variant)), [], variant);
    const { memory } = new WebAssembly.Instance(module(variant), {}).exports;
    assert.throws(() => memory.grow(512), RangeError, variant);
    assert.ok(readFileSync(new URL(`../dist-test/${variant}.wasm`, import.meta.url)).length > 1000);
  }
});
