// That the runners can fail: a conformance suite that cannot proves nothing.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "./drive.mjs";
import { equal, parse, sourceOf } from "./exact.mjs";

const folder = mkdtempSync(join(tmpdir(), "sentinel-vectors-"));
after(() => rmSync(folder, { recursive: true }));

const good = JSON.parse(readFileSync(new URL("../vectors/rfc/rfc7515.json", import.meta.url), "utf8")).cases[0];

/** The real runner on these cases. */
const judged = (...cases) => judgedAs({ cases });

function judgedAs(document) {
  const path = join(folder, "cases.json");
  writeFileSync(path, JSON.stringify({ suite: "changed", ...document }));
  const { stdout, status } = spawnSync(process.execPath, [fileURLToPath(new URL("node.mjs", import.meta.url)), path], { encoding: "utf8" });
  return { stdout, status };
}

test("a good case passes, every wrong one fails with its reason", () => {
  assert.deepEqual(judged(good), { stdout: "1 passed, 0 failed\n", status: 0 });
  const { expect, options } = good;
  const wrong = [
    [{ expect: { ok: false } }, "accepted, must be refused"],
    [{ expect: { ok: true, claims: { iss: "jim" } } }, "the claim iss"],
    [{ expect: { ok: true, claims: { sub: "joe" } } }, "the claim sub is missing"],
    [{ expect: { ...expect, surprise: 1 } }, "unknown member surprise"],
    [{ expect: { ok: false, code: "token_stale" } }, "which does not exist"],
    [{ options: { ...options, now: options.now + 1 } }, "refused as token_expired, must be accepted"],
    [{ options: { ...options, now: options.now + 1 }, expect: { ok: false, code: ["key_not_found"] } }, "refused as token_expired, not as key_not_found"],
    [{ options: { ...options, leewaay: 1 } }, "unknown member leewaay"],
    [{ options: { ...options, issuer: [] } }, "refused as configuration_invalid"],
    [{ surprise: 1 }, "unknown member surprise"],
    [{ token_repeat: [["a", 1]] }, "exactly one of"],
  ];
  const { stdout, status } = judged(...wrong.map(([change], index) => ({ ...good, ...change, name: `case ${index}` })));
  assert.equal(status, 1);
  for (const [index, [, reason]] of wrong.entries()) {
    const line = stdout.split("\n").find((line) => line.startsWith(`FAILED    changed / case ${index}:`));
    assert.ok(line?.includes(reason), `${reason}: ${line}`);
  }
  assert.ok(stdout.endsWith(`0 passed, ${wrong.length} failed\n`));
});

test("a policy's questions are counted, and each wrong answer fails with what it is", () => {
  const { policies } = JSON.parse(readFileSync(new URL("../policy/generated.json", import.meta.url), "utf8"));
  const [right] = policies;
  const { stdout } = judgedAs({ policies: [right] });
  const count = Number(/^(\d+) passed, 0 failed\n$/.exec(stdout)?.[1]);
  assert.ok(count > 100, stdout);
  const user = Object.keys(right.answers).find((user) => right.answers[user].a.yes.length > 0);
  const [object] = right.answers[user].a.yes;
  const changed = (change) => {
    const wrong = structuredClone(right);
    change(wrong);
    return wrong;
  };
  const wrong = [
    [changed(({ answers }) => (answers[user].a.yes = [])), `${object}#a@${user} is true, must be false`],
    [changed(({ answers }) => (answers[user].a = { yes: [], error: [object] })), `${object}#a@${user} is true, must be "undecided"`],
    [changed(({ list_users: lists }) => lists[0].users.push("user:9")), 'must be ["user:9"]'],
    [changed((wrong) => (wrong.tuples = [])), "must be true"],
    [{ ...right, assertions: [{ kind: "check", user, relation: "a", object, contextualTuples: [], code: 2000 }], before: [] }, "must be 2000"],
    [{ ...right, assertions: [{ kind: "check", user, relation: "z", object, contextualTuples: [], code: 0, expect: false }], before: [] }, "must be false"],
  ];
  for (const [policy, reason] of wrong) {
    const { stdout, status } = judgedAs({ policies: [policy] });
    assert.equal(status, 1);
    assert.ok(stdout.includes(reason) && stdout.includes("FAILED    changed / seed"), `${reason}: ${stdout}`);
  }
});

test("a case that hangs or crashes the runtime fails alone", async () => {
  const path = join(folder, "hang.json");
  const names = ["fine", "hangs", "crashes", "fine too"];
  writeFileSync(path, JSON.stringify({ suite: "s", cases: names.map((name) => ({ name })) }));
  let starts = 0;
  const start = async () => {
    starts += 1;
    return {
      ask: async (items) => {
        if (items.some(({ name }) => name === "crashes")) throw new Error("gone");
        if (items.some(({ name }) => name === "hangs")) await new Promise(() => {});
        return items.map(() => ({ lacking: [] }));
      },
      close: async () => {},
    };
  };
  const report = await run(start, [path], 50);
  assert.equal(report.good, false);
  assert.equal(report.text(), "FAILED    s / hangs: no answer within 0.05 s\nFAILED    s / crashes: gone\n2 passed, 2 failed");
  assert.equal(starts, 4);
});

test("JSON is read exactly", () => {
  const text = '{"a": [1, 2.50, -0, 1e400, 9007199254740993], "__proto__": {"b": "\\ud83d\\ude00\\n"}, "n": null, "e": {}, "l": [ ]}';
  const value = parse(text);
  assert.deepEqual(Object.keys(value), ["a", "__proto__", "n", "e", "l"]);
  assert.deepEqual(value.a.map(({ text }) => text), ["1", "2.50", "-0", "1e400", "9007199254740993"]);
  assert.equal(sourceOf(value["__proto__"]), '{"b": "\\ud83d\\ude00\\n"}');
  assert.equal(value["__proto__"].b, "😀\n");
  assert.equal(sourceOf(value.n), "null");
  for (const bad of ["", "{", "[1,]", "[1 2]", '{"a" 1}', '{"a":1}x', "01", "tru", '{"a":1,}', '"\n"']) assert.throws(() => parse(bad), SyntaxError, bad);
});

test("numbers are equal by value, large integers by text", () => {
  const same = (a, b) => equal(parse(a), parse(b));
  assert.ok(same("1.50", "15e-1"));
  assert.ok(same("9007199254740993", "9007199254740993"));
  assert.ok(!same("9007199254740993", "9007199254740992"));
  assert.ok(!same("9007199254740995", "9007199254740996"));
  assert.ok(!same('{"a":[1]}', '{"a":[1,2]}'));
  assert.ok(!same('{"a":null}', '{"b":null}'));
  assert.ok(!same("[]", "{}"));
});
