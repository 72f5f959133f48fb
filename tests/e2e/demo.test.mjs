import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sentinel } from "./sentinel.mjs";

const RUNTIMES = ["native", "Node", "workerd", "Chromium"];
const BACKENDS = ["axum", "FastAPI"];

const DECISIONS = {
  "access token": "accepted",
  "authorization token": "accepted",
  "provider's RS256 ID token": "accepted",
  "provider's ES256 ID token": "accepted",
  "provider's EdDSA ID token": "accepted",
  tampered: "signature_invalid",
  "unsigned (alg none)": "algorithm_not_allowed",
  "foreign audience": "audience_mismatch",
  "foreign issuer": "key_not_found",
  "expired (an hour later)": "token_expired",
  "revoked (logged out)": "token_revoked",
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

/** With the front end built where it was not yet. */
const LONG = { timeout: 300_000 };

test("Team Notes decides as it should, and four runtimes decide alike on the tokens of a real login", LONG, async () => {
  const { status, stdout, stderr } = await demo(["--json"]).ended;
  assert.equal(status, 0, stderr);
  const { ok, user, results, decisions } = JSON.parse(stdout);
  assert.equal(ok, true);
  for (const backend of BACKENDS) {
    const statuses = (via) => decisions.filter((one) => one.via === via).map(({ status }) => status);
    assert.deepEqual(statuses(backend), [401, 201, 403, 200, 403, 200, 403, 201, 200, 403, 403, 200, 401]);
    assert.deepEqual(new Set(statuses(`${backend}, no gateway`)), new Set([401]));
  }
  for (const runtime of RUNTIMES) {
    const here = results.filter((result) => result.runtime === runtime);
    assert.deepEqual(Object.fromEntries(here.map(({ token, decision }) => [token, decision])), DECISIONS, runtime);
    for (const { token, decision, subject, ms } of here) {
      const theirs = token.startsWith("provider's") ? "ada" : user;
      assert.equal(subject, decision === "accepted" ? theirs : undefined);
      // A browser's clock has steps of a tenth of a millisecond: nothing may have passed on it.
      assert.ok(Number.isFinite(ms) && ms >= 0);
    }
  }
  assert.equal(results.length, RUNTIMES.length * Object.keys(DECISIONS).length);
});

test("a runtime that does not answer is no agreement", { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "sentinel-demo-test-"));
  try {
    const mute = join(folder, "sentinel");
    await writeFile(mute, `#!/bin/sh\n[ "$1" = verify ] && exit 3\nexec "${sentinel()}" "$@"\n`, { mode: 0o755 });
    const { status, stdout, stderr } = await demo(["--json", "--runtimes"], { SENTINEL_BIN: mute }).ended;
    assert.equal(status, 1, stderr);
    const faults = JSON.parse(stdout).results.filter(({ decision }) => decision === "fault");
    assert.equal(faults.length, Object.keys(DECISIONS).length);
    assert.ok(faults.every(({ runtime, ok }) => runtime === "native" && !ok));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("Ctrl-C leaves nothing running", LONG, async () => {
  const folders = async () => (await readdir(tmpdir())).filter((name) => name.startsWith("sentinel-demo-"));
  const before = await folders();
  const { child, ended, says } = demo([]);
  await says("native decides");
  const children = below(child.pid);
  for (const name of [/sentinel/, /team-notes/, /python/, /workerd/, /chrom/]) assert.ok(children.some((line) => name.test(line)), children.join("\n"));
  child.kill("SIGINT");
  assert.equal((await ended).status, 130);
  // Chromium's helpers end by themselves when their browser has; on a busy machine a moment later than we do.
  const left = () => {
    const running = new Set(processes().map(({ name }) => name));
    return children.filter((name) => running.has(name));
  };
  for (let tries = 0; tries < 200 && left().length > 0; tries += 1) await setTimeout(100);
  assert.deepEqual(left(), []);
  // What was there before may end meanwhile: it is another's.
  assert.deepEqual((await folders()).filter((name) => !before.includes(name)), []);
});
