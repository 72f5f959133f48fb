import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../hosts/install.mjs";

// Natively it takes minutes to compile what it compares with: `cargo xtask bench` does.
const PARTS = "node,workerd,chromium,cold,hostile";

test("a quick run of the benchmark measures everyone everywhere", { timeout: 300_000 }, async () => {
  const file = join(tmpdir(), `sentinel-bench-${process.pid}.json`);
  try {
    await run(process.execPath, [fileURLToPath(new URL("verify.mjs", import.meta.url)), "--quick", "--only", PARTS, "--json", file]);
    const { runtimes, cold, hostile, goals } = JSON.parse(await readFile(file, "utf8"));
    for (const [name, algorithms] of Object.entries(runtimes)) {
      assert.deepEqual(Object.keys(algorithms), ["RS256", "ES256", "EdDSA", "HS256"], name);
      for (const { oneByOne } of Object.values(algorithms)) {
        for (const contender of ["sentinel, verifySync", "sentinel, verify", "jose", "crypto.subtle"]) assert.ok(oneByOne[contender].samples > 0, contender);
      }
    }
    assert.deepEqual(Object.keys(runtimes), ["node", "workerd", "chromium"]);
    assert.ok(cold["sentinel-edge"].median > 0);
    assert.ok(goals.length > 30);
    // These hold on any machine: they are no matter of speed alone.
    assert.equal(hostile.memory.again, hostile.memory.after);
    for (const [name, { code, min }] of Object.entries(hostile.refusals)) {
      assert.match(code, /^token_(too_large|malformed)$/, name);
      assert.ok(min < 1_000, `${name}: ${min} us`);
    }
  } finally {
    await rm(file, { force: true });
  }
});
