import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const RUNTIMES = ["native", "Node", "workerd", "Chromium"];

const DECISIONS = {
  "id_token RS256": "accepted",
  "access_token RS256": "accepted",
  "id_token ES256": "accepted",
  "access_token ES256": "accepted",
  "id_token EdDSA": "accepted",
  "access_token EdDSA": "accepted",
  "tampered RS256": "signature_invalid",
  "tampered ES256": "signature_invalid",
  "tampered EdDSA": "signature_invalid",
  "unsigned (alg none)": "algorithm_not_allowed",
  "foreign audience": "audience_mismatch",
  "id_token as access_token": "type_mismatch",
  expired: "token_expired",
};

/** Starts the demo; `ended` resolves to its exit status and output. */
function demo(args, env = {}) {
  const child = spawn(process.execPath, [fileURLToPath(new URL("demo.mjs", import.meta.url)), ...args], { env: { ...process.env, ...env } });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (output[name] += text));
  const ended = once(child, "close").then(([status, signal]) => ({ status, signal, ...output }));
  const says = (text) => new Promise((resolve) => child.stderr.on("data", () => output.stderr.includes(text) && resolve()));
  return { child, ended, says };
}

/** Every process, from Linux's /proc: an id may be given again, but not with the same start. */
function processes() {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const [, command, rest] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"));
      const [state, parent, ...fields] = rest.split(" ");
      return state === "Z" ? [] : [{ pid: Number(pid), parent: Number(parent), name: `${pid} ${command} ${fields[17]}` }];
    } catch {
      return []; // It has ended meanwhile.
    }
  });
}

const below = (parent, all = processes()) => all.filter((one) => one.parent === parent).flatMap(({ pid, name }) => [name, ...below(pid, all)]);

test("four runtimes decide alike on the tokens of a real login", { timeout: 120_000 }, async () => {
  const { status, stdout, stderr } = await demo(["--json"]).ended;
  assert.equal(status, 0, stderr);
  const { ok, results } = JSON.parse(stdout);
  assert.equal(ok, true);
  for (const runtime of RUNTIMES) {
    const here = results.filter((result) => result.runtime === runtime);
    assert.deepEqual(Object.fromEntries(here.map(({ token, decision }) => [token, decision])), DECISIONS, runtime);
    for (const { decision, subject, ms } of here) {
      assert.equal(subject, decision === "accepted" ? "ada" : undefined);
      // A browser's clock has steps of a tenth of a millisecond: nothing may have passed on it.
      assert.ok(Number.isFinite(ms) && ms >= 0);
    }
  }
  assert.equal(results.length, RUNTIMES.length * Object.keys(DECISIONS).length);
});

test("a runtime that does not answer is no agreement", { timeout: 120_000 }, async () => {
  const { status } = await demo(["--json"], { SENTINEL_BIN: process.execPath }).ended;
  assert.notEqual(status, 0);
});

test("Ctrl-C leaves nothing running", { timeout: 120_000 }, async () => {
  const { child, ended, says } = demo([]);
  await says("native decides");
  const children = below(child.pid);
  for (const name of [/workerd/, /chrom/]) assert.ok(children.some((line) => name.test(line)), children.join("\n"));
  child.kill("SIGINT");
  assert.equal((await ended).status, 130);
  // Chromium's helpers end by themselves when their browser has; on a busy machine a moment later than we do.
  const left = () => {
    const running = new Set(processes().map(({ name }) => name));
    return children.filter((name) => running.has(name));
  };
  for (let tries = 0; tries < 200 && left().length > 0; tries += 1) await setTimeout(100);
  assert.deepEqual(left(), []);
});
