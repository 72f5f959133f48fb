// The policy engine by the names that users import: what it answers, and that it never opens on an error.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import * as policy from "sentinel-edge/policy";
import * as slim from "sentinel-edge/policy/slim";
import * as web from "sentinel-edge/policy/web";

const require = createRequire(import.meta.url);
const { createPolicyEngine, formatModel, modelToJson, PolicyError, SentinelError, validateModel } = policy;

const MODEL = `model
  schema 1.1

type user

type group
  relations
    define member: [user, group#member]

type folder
  relations
    define parent: [folder]
    define viewer: [user, group#member, user with in_hours] or viewer from parent

type document
  relations
    define blocked: [user]
    define can_read: viewer but not blocked
    define parent: [folder]
    define viewer: [user, user:*, group#member] or viewer from parent

condition in_hours(hour: int) {
  hour >= 9 && hour < 17
}
`;

const key = (object, relation, user, condition) => ({ user, relation, object, ...(condition && { condition }) });
const TUPLES = [
  key("document:1", "parent", "folder:a"),
  key("folder:a", "parent", "folder:b"),
  key("folder:b", "viewer", "group:eng#member"),
  key("group:eng", "member", "group:core#member"),
  key("group:core", "member", "user:anne"),
  key("document:2", "viewer", "user:*"),
  key("document:2", "blocked", "user:bob"),
  key("folder:a", "viewer", "user:carl", { name: "in_hours", context: {} }),
];
const engine = (more = {}) => createPolicyEngine({ model: MODEL, tuples: TUPLES, ...more });
const reads = (user, document = "document:1") => key(document, "can_read", user);

/** Fails as it should: with a PolicyError of this code. */
const refuses = (work, code, openfgaCode) => {
  assert.throws(work, (error) => {
    assert.ok(error instanceof PolicyError && error instanceof SentinelError && error instanceof Error);
    assert.equal(error.name, "SentinelError");
    assert.equal(error.code, code, error.message);
    if (openfgaCode !== undefined) assert.equal(error.openfgaCode, openfgaCode);
    return true;
  });
};

test("check: groups, folders, wildcards, exclusions", () => {
  const one = engine();
  assert.equal(one.size, TUPLES.length);
  assert.deepEqual(one.check(reads("user:anne")), { allowed: true });
  assert.deepEqual(one.check(reads("user:bob")), { allowed: false });
  assert.deepEqual(one.check(reads("user:dora", "document:2")), { allowed: true });
  assert.deepEqual(one.check(reads("user:bob", "document:2")), { allowed: false });
  assert.deepEqual(one.check(key("folder:b", "viewer", "group:eng#member")), { allowed: true });
  assert.throws(() => {
    one.check(reads("user:bob")).allowed = true;
  }, TypeError);
});

test("conditions and contextual tuples", () => {
  const one = engine();
  const carl = { ...reads("user:carl") };
  assert.deepEqual(one.check({ ...carl, context: { hour: 10 } }), { allowed: true });
  assert.deepEqual(one.check({ ...carl, context: { hour: 20 } }), { allowed: false });
  // What is not known opens nothing.
  refuses(() => one.check(carl), "undecided", "validation_error");
  refuses(() => one.check({ ...carl, context: { hour: "ten" } }), "undecided", "validation_error");
  refuses(() => one.check({ ...carl, context: [10] }), "configuration_invalid");
  const contextualTuples = [key("document:1", "viewer", "user:dora"), key("document:1", "blocked", "user:anne")];
  assert.deepEqual(one.check({ ...reads("user:dora"), contextualTuples }), { allowed: true });
  assert.deepEqual(one.check({ ...reads("user:anne"), contextualTuples }), { allowed: false });
  assert.deepEqual(one.check(reads("user:anne")), { allowed: true });
  refuses(
    () => one.check({ ...reads("user:anne"), contextualTuples: [key("document:1", "can_read", "user:anne")] }),
    "configuration_invalid",
    "invalid_tuple",
  );
  const many = Array.from({ length: 1000 }, (_, at) => key(`document:${at}`, "viewer", "user:eve"));
  assert.equal(one.listObjects({ user: "user:eve", relation: "can_read", type: "document", contextualTuples: many }).objects.length, 1000);
});

test("batchCheck answers each for itself", () => {
  const { result } = engine().batchCheck({
    checks: [{ ...reads("user:anne"), correlationId: "a" }, reads("user:bob"), { ...reads("user:carl"), correlationId: "c" }, null],
  });
  assert.deepEqual(result.map(({ allowed, correlationId, error }) => [allowed, correlationId, error?.code]), [
    [true, "a", undefined],
    [false, undefined, undefined],
    [false, "c", "undecided"],
    [false, undefined, "configuration_invalid"],
  ]);
});

test("lists", () => {
  const one = engine();
  assert.deepEqual(one.listObjects({ user: "user:anne", relation: "can_read", type: "document" }).objects, ["document:1", "document:2"]);
  const users = (filter, object = "document:1") =>
    one.listUsers({ object, relation: "viewer", user_filters: [filter], context: { hour: 10 } }).users;
  assert.deepEqual(users({ type: "user" }), [
    { object: { type: "user", id: "anne" } },
    { object: { type: "user", id: "carl" } },
  ]);
  assert.deepEqual(users({ type: "user" }, { type: "document", id: "2" }), [{ wildcard: { type: "user" } }]);
  assert.deepEqual(users({ type: "group", relation: "member" }), [
    { userset: { type: "group", id: "core", relation: "member" } },
    { userset: { type: "group", id: "eng", relation: "member" } },
  ]);
  assert.deepEqual(one.listRelations({ user: "user:anne", object: "document:1" }).relations, ["can_read", "viewer"]);
  assert.deepEqual(one.listRelations({ user: "user:anne", object: "document:1", relations: ["blocked", "viewer"] }).relations, ["viewer"]);
  assert.deepEqual(one.listRelations({ user: "user:anne", object: "document:1", relations: [] }).relations, []);
  refuses(() => one.listObjects({ user: "user:anne", relation: "viewer", type: "house" }), "configuration_invalid", "type_not_found");
  refuses(() => one.listObjects({ user: "user:anne", relation: "eats", type: "folder" }), "configuration_invalid", "relation_not_found");
});

test("explain and expand", () => {
  const one = engine();
  const { allowed, steps } = one.explain(key("document:1", "viewer", "user:anne"));
  assert.equal(allowed, true);
  assert.deepEqual(steps[0], {
    level: 0,
    relation: "document:1#viewer",
    by: "parent",
    tuple: "document:1#parent@folder:a",
    parentRelation: "viewer",
  });
  assert.equal(steps.at(-1).tuple, "group:core#member@user:anne");
  assert.equal(one.explain(reads("user:bob")).allowed, false);
  assert.deepEqual(one.expand({ relation: "can_read", object: "document:2" }).tree.root, {
    name: "document:2#can_read",
    difference: {
      base: { name: "document:2#can_read", leaf: { computed: { userset: "document:2#viewer" } } },
      subtract: { name: "document:2#can_read", leaf: { computed: { userset: "document:2#blocked" } } },
    },
  });
  assert.deepEqual(one.expand({ relation: "viewer", object: "document:1" }).tree.root.union.nodes[1].leaf, {
    tupleToUserset: { tupleset: "document:1#parent", computed: [{ userset: "folder:a#viewer" }] },
  });
});

test("write: all or none, OpenFGA's conflicts", () => {
  const one = engine();
  one.write({ writes: [key("document:3", "viewer", "user:zoë")], deletes: [key("document:2", "blocked", "user:bob")] });
  assert.equal(one.check(key("document:3", "can_read", "user:zoë")).allowed, true);
  assert.equal(one.check(reads("user:bob", "document:2")).allowed, true);
  const before = one.read();
  const wrong = "write_failed_due_to_invalid_input";
  refuses(() => one.write({ writes: [key("document:4", "viewer", "user:a"), TUPLES[0]] }), "configuration_invalid", wrong);
  refuses(() => one.write({ deletes: [TUPLES[1], key("document:9", "viewer", "user:a")] }), "configuration_invalid", wrong);
  refuses(() => one.write({ writes: [TUPLES[0]], deletes: [TUPLES[0]] }), "configuration_invalid", wrong);
  refuses(() => one.write({ writes: [key("document:4", "can_read", "user:a")] }), "configuration_invalid", "invalid_tuple");
  refuses(() => one.write({ writes: "all" }), "configuration_invalid");
  refuses(() => one.write({}, { conflict: { onDuplicateWrites: "maybe" } }), "configuration_invalid");
  assert.deepEqual(one.read(), before);
  const conflict = { onDuplicateWrites: "ignore", onMissingDeletes: "ignore" };
  one.write({ writes: [TUPLES[0]], deletes: [key("document:9", "viewer", "user:a")] }, { conflict });
  // Another condition is another tuple.
  refuses(() => one.write({ writes: [key("folder:a", "viewer", "user:carl")] }, { conflict }), "configuration_invalid", wrong);
  assert.deepEqual(one.read(), before);
  assert.deepEqual(one.read().find(({ user }) => user === "user:carl").condition, { name: "in_hours", context: {} });
});

test("tuples as text, and many at once", () => {
  const lines = TUPLES.map((tuple) => JSON.stringify(tuple)).join("\r\n");
  assert.deepEqual(engine({ tuples: lines }).read(), engine().read());
  const many = function* () {
    for (let at = 0; at < 50_000; at += 1) yield key(`document:${at}`, "viewer", `user:${at % 1000}`);
  };
  const one = createPolicyEngine({ model: MODEL });
  one.load(many());
  assert.equal(one.size, 50_000);
  one.load("document:x#viewer@user:1\n\ndocument:x#viewer@user:1\n");
  assert.equal(one.size, 50_001);
  assert.equal(one.check(key("document:49999", "viewer", "user:999")).allowed, true);
  assert.equal(one.check(key("document:49999", "viewer", "user:998")).allowed, false);
  // One that is refused refuses all of them.
  refuses(() => one.load("document:y#viewer@user:1\ndocument:y#viewer@robot:1"), "configuration_invalid", "invalid_tuple");
  one.load([]);
  assert.equal(one.size, 50_001);
  for (const tuples of [5, [null], ["x"], [{ user: "user:1" }], [{ ...TUPLES[0], condition: { name: 1 } }], "{}", "x"]) {
    refuses(() => engine({ tuples }), "configuration_invalid");
  }
});

test("a tuple key is read as it stands, whatever its parts look like as text", () => {
  const one = createPolicyEngine({ model: MODEL });
  for (const crooked of [
    key("document:1", "viewer@user:x", "user:y"),
    key("document:1#viewer@user:x", "viewer", "user:y"),
    key("document:1", "viewer", "user:x\ndocument:2#viewer@user:y"),
    key("document:1", "viewer", "user:x\n"),
    key("document:1", "viewer", "user:x "),
    key(" document:1", "viewer", "user:x"),
    key("\u2003document:1", "viewer", "user:x"),
    key("", "viewer", "user:x"),
    key("document:1", "", "user:x"),
    key("document:1", "viewer", ""),
    key("document:1", "viewer", "user:\ud800"),
  ]) {
    refuses(() => one.load([crooked]), "configuration_invalid");
    refuses(() => one.write({ writes: [crooked] }), "configuration_invalid");
    refuses(() => one.check({ ...reads("user:y"), contextualTuples: [crooked] }), "configuration_invalid");
  }
  assert.equal(one.size, 0);
  // A `{` in front would look like JSON.
  refuses(() => one.load([key('{"user":"user:y","relation":"viewer","object":"document:1"}', "viewer", "user:x")]), "configuration_invalid");
});

test("questions that are none", () => {
  const one = engine();
  for (const request of [undefined, null, 5, {}, { ...reads("user:anne"), user: 5 }, { ...reads("user:anne"), object: undefined }]) {
    refuses(() => one.check(request), "configuration_invalid");
    refuses(() => one.explain(request), "configuration_invalid");
    refuses(() => one.listUsers(request), "configuration_invalid");
  }
  for (const [part, value] of [
    ["user", "anne"],
    ["user", "robot:1"],
    ["user", "user:a b"],
    ["user", `user:${"x".repeat(600)}`],
    ["user", `user:${"é".repeat(5000)}`],
    ["object", "document"],
    ["object", "document:*"],
    ["relation", "reads"],
    ["relation", ""],
  ]) {
    refuses(() => one.check({ ...reads("user:anne"), [part]: value }), "configuration_invalid", "validation_error");
  }
  const lone = { ...reads("user:\ud800") };
  refuses(() => one.check(lone), "configuration_invalid");
  refuses(() => one.check({ ...reads("user:anne"), context: { big: 1n } }), "unavailable");
  refuses(() => one.check({ ...reads("user:anne"), get context() { throw new Error("no"); } }), "unavailable");
  // None of it did any harm.
  assert.equal(one.check(reads("user:anne")).allowed, true);
});

test("budgets end in an error, never in an allow", () => {
  const chain = Array.from({ length: 40 }, (_, at) => key(`folder:${at}`, "parent", `folder:${at + 1}`));
  const tuples = [...chain, key("folder:40", "viewer", "user:anne")];
  const question = key("folder:0", "viewer", "user:anne");
  refuses(() => createPolicyEngine({ model: MODEL, tuples }).check(question), "budget_exceeded", "authorization_model_resolution_too_complex");
  refuses(() => createPolicyEngine({ model: MODEL, tuples, maxDepth: 100, maxWork: 10 }).check(question), "budget_exceeded");
  assert.equal(createPolicyEngine({ model: MODEL, tuples, maxDepth: 100 }).check(question).allowed, true);
  for (const wrong of [{ maxDepth: 0 }, { maxDepth: "25" }, { maxWork: -1 }, { maxWork: NaN }, { depth: 5 }]) {
    refuses(() => engine(wrong), "configuration_invalid");
  }
});

test("models: refused with their mistakes, formatted, converted", () => {
  const broken = MODEL.replace("[user, group#member]\n", "[user, grup#member]\n").replace("schema 1.1", "schema 1.1");
  refuses(() => createPolicyEngine({ model: broken }), "model_invalid");
  const mistakes = validateModel(broken);
  assert.ok(mistakes.length > 0 && mistakes.every(({ line, kind, message }) => Number.isInteger(line) && kind && message));
  assert.equal(mistakes[0].line, 7);
  assert.deepEqual(validateModel(MODEL), []);
  refuses(() => createPolicyEngine({ model: "model\ntype user" }), "model_invalid");
  assert.deepEqual(validateModel("model\ntype user")[0].message, "mismatched input 'type' expecting 'schema'");
  const json = modelToJson(MODEL);
  assert.equal(json.schema_version, "1.1");
  assert.equal(formatModel(json), formatModel(MODEL));
  assert.deepEqual(modelToJson(formatModel(json)), json);
  assert.equal(createPolicyEngine({ model: json, tuples: TUPLES }).check(reads("user:anne")).allowed, true);
  assert.equal(createPolicyEngine({ model: JSON.stringify(json), tuples: TUPLES }).check(reads("user:anne")).allowed, true);
  const badCondition = MODEL.replace("hour >= 9", "hours >= 9");
  refuses(() => createPolicyEngine({ model: badCondition }), "model_invalid");
  assert.ok(validateModel(badCondition).length > 0);
  for (const model of [undefined, null, 5, "", {}, [], { schema_version: "1.1", type_definitions: 5 }]) {
    refuses(() => createPolicyEngine({ model }), model === undefined || model === null || model === 5 ? "configuration_invalid" : "model_invalid");
  }
  refuses(() => createPolicyEngine(), "configuration_invalid");
});

test("another model: tuples stay, what it does not allow counts no more", () => {
  const one = engine();
  one.replaceModel(MODEL.replace("define viewer: [user, user:*, group#member] or viewer from parent", "define viewer: [user, group#member] or viewer from parent"));
  assert.equal(one.check(reads("user:dora", "document:2")).allowed, false);
  assert.equal(one.check(reads("user:anne")).allowed, true);
  refuses(() => one.replaceModel("model"), "model_invalid");
  assert.equal(one.check(reads("user:anne")).allowed, true);
  one.replaceModel(MODEL);
  assert.equal(one.check(reads("user:dora", "document:2")).allowed, true);
});

test("slim: JSON models, and nothing that depends on a condition", () => {
  for (const entry of [slim, require("sentinel-edge/policy/slim")]) {
    assert.deepEqual(Object.keys(entry).sort(), ["PolicyError", "SentinelError", "createPolicyEngine"]);
    const fails = (work, code) => assert.throws(work, (error) => error instanceof entry.PolicyError && error.code === code);
    const model = modelToJson(MODEL);
    const one = entry.createPolicyEngine({ model, tuples: TUPLES.slice(0, -1) });
    assert.equal(one.check(reads("user:anne")).allowed, true);
    assert.equal(one.check(reads("user:bob")).allowed, false);
    assert.deepEqual(one.listObjects({ user: "user:anne", relation: "can_read", type: "document" }).objects, ["document:1", "document:2"]);
    fails(() => one.load([TUPLES.at(-1)]), "configuration_invalid");
    fails(() => one.check({ ...reads("user:carl"), contextualTuples: [TUPLES.at(-1)] }), "configuration_invalid");
    fails(() => entry.createPolicyEngine({ model: MODEL }), "model_invalid");
    const broken = structuredClone(model);
    broken.type_definitions.at(-1).relations.can_read.difference.base.computedUserset.relation = "nobody";
    fails(() => entry.createPolicyEngine({ model: broken }), "model_invalid");
    fails(() => entry.createPolicyEngine({ model: "{}}" }), "model_invalid");
  }
});

test("the guide's engine", async () => {
  const page = readFileSync(new URL("../../docs/guide/policy-in-javascript.md", import.meta.url), "utf8");
  const file = new URL("../dist-test/guide-policy.mjs", import.meta.url);
  writeFileSync(file, page.split("```js\n")[1].split("\n```\n")[0]);
  const { block, mayRead, readable } = await import(file.href);
  assert.equal(mayRead("user:anne", "document:plan"), true);
  assert.deepEqual([mayRead("user:bob", "document:plan", 10), mayRead("user:bob", "document:plan", 20)], [true, false]);
  assert.equal(mayRead("user:bob", "document:plan"), false);
  assert.equal(mayRead("bob", "document:plan", 10), false);
  assert.deepEqual(readable("user:bob"), ["document:plan"]);
  block("user:anne");
  assert.equal(mayRead("user:anne", "document:plan"), false);
});

test("import and require", () => {
  const entry = require("sentinel-edge/policy");
  assert.deepEqual(Object.keys(entry).sort(), Object.keys(policy).sort());
  assert.deepEqual(Object.keys(entry).sort(), ["PolicyError", "SentinelError", "createPolicyEngine", "formatModel", "modelToJson", "validateModel"]);
  assert.equal(entry.createPolicyEngine({ model: MODEL, tuples: TUPLES }).check(reads("user:anne")).allowed, true);
});

test("web refuses where its module cannot be fetched", async () => {
  for (const name of ["createPolicyEngine", "createPolicyEngine", "validateModel", "formatModel", "modelToJson"]) {
    await assert.rejects(web[name]({ model: MODEL }), (error) => error instanceof web.PolicyError && error.code === "unavailable");
  }
});

test("an instance that traps refuses from then on", () => {
  const real = WebAssembly.Instance;
  const made = [];
  let one;
  try {
    // The real module, one of whose exports comes to trap.
    WebAssembly.Instance = function (module, imports) {
      const instance = new real(module, imports);
      const exports = { ...instance.exports };
      made.push(exports);
      return { exports };
    };
    one = engine();
  } finally {
    WebAssembly.Instance = real;
  }
  assert.equal(one.check(reads("user:anne")).allowed, true);
  const [exports] = made;
  const { check } = exports;
  let calls = 0;
  exports.check = () => {
    calls += 1;
    throw new WebAssembly.RuntimeError("unreachable");
  };
  refuses(() => one.check(reads("user:anne")), "unavailable");
  exports.check = check;
  for (let index = 0; index < 3; index += 1) refuses(() => one.check(reads("user:anne")), "unavailable");
  refuses(() => one.listObjects({ user: "user:anne", relation: "viewer", type: "document" }), "unavailable");
  refuses(() => one.write({ writes: [] }), "unavailable");
  refuses(() => one.size, "unavailable");
  assert.equal(calls, 1);
  // Neither is a number that is no answer an allow.
  for (const answer of [0, 1, 4, -1, NaN, undefined]) {
    const other = (() => {
      WebAssembly.Instance = function (module, imports) {
        return { exports: { ...new real(module, imports).exports, check: () => answer } };
      };
      try {
        return engine();
      } finally {
        WebAssembly.Instance = real;
      }
    })();
    assert.throws(() => other.check(reads("user:anne")), PolicyError);
  }
  assert.ok(readFileSync(new URL("../dist/policy/sentinel.wasm", import.meta.url)).length > 0);
});
