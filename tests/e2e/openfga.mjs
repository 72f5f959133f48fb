// OpenFGA's own JavaScript SDK, unchanged, against the policy stores of the server at argv[2], with the key argv[3].
import assert from "node:assert/strict";
import {
  ClientWriteRequestOnDuplicateWrites,
  ClientWriteRequestOnMissingDeletes,
  ConsistencyPreference,
  CredentialsMethod,
  OpenFgaClient,
} from "@openfga/sdk";

const [apiUrl, token] = process.argv.slice(2);
const credentials = { method: CredentialsMethod.ApiToken, config: { token } };
const fga = new OpenFgaClient({ apiUrl, credentials });
const higher = { consistency: ConsistencyPreference.HigherConsistency };

const store = await fga.createStore({ name: "From JavaScript" });
fga.storeId = store.id;
assert.equal((await fga.getStore()).name, "From JavaScript");
const listed = await fga.listStores({ pageSize: 1 });
assert.equal(listed.stores[0].id, store.id);

const user = { type: "user" };
const model = await fga.writeAuthorizationModel({
  schema_version: "1.1",
  type_definitions: [
    { type: "user", relations: {}, metadata: null },
    {
      type: "document",
      relations: {
        owner: { this: {} },
        viewer: { union: { child: [{ this: {} }, { computedUserset: { relation: "owner" } }] } },
      },
      metadata: {
        relations: {
          owner: { directly_related_user_types: [user] },
          viewer: {
            directly_related_user_types: [user, { type: "user", wildcard: {} }, { type: "user", condition: "young" }],
          },
        },
      },
    },
  ],
  conditions: {
    young: {
      name: "young",
      expression: "age < limit",
      parameters: { age: { type_name: "TYPE_NAME_INT" }, limit: { type_name: "TYPE_NAME_INT" } },
    },
  },
});
fga.authorizationModelId = model.authorization_model_id;
assert.equal((await fga.readLatestAuthorizationModel()).authorization_model.id, model.authorization_model_id);
assert.equal((await fga.readAuthorizationModels()).authorization_models.length, 1);

const of = (user, relation, object, more = {}) => ({ user, relation, object, ...more });
const anne = of("user:anne", "owner", "document:1");
const conditional = of("user:bob", "viewer", "document:2", { condition: { name: "young", context: { limit: 30 } } });
await fga.write({ writes: [anne, conditional, of("user:*", "viewer", "document:3")] });

// Checks: direct, computed, wildcard, conditional, contextual.
const check = async (question, more = {}) => (await fga.check({ ...question, ...more }, higher)).allowed;
assert.equal(await check(of("user:anne", "viewer", "document:1")), true);
assert.equal(await check(of("user:bob", "viewer", "document:1")), false);
assert.equal(await check(of("user:eve", "viewer", "document:3")), true);
assert.equal(await check(of("user:bob", "viewer", "document:2"), { context: { age: 20 } }), true);
assert.equal(await check(of("user:bob", "viewer", "document:2"), { context: { age: 40 } }), false);
assert.equal(
  await check(of("user:eve", "viewer", "document:9"), { contextualTuples: [of("user:eve", "owner", "document:9")] }),
  true,
);
await assert.rejects(
  fga.check(of("user:anne", "nothing", "document:1")),
  (error) => error.statusCode === 400 && error.apiErrorCode === "validation_error",
);

// Writes that are refused, and that ignore what is there.
await assert.rejects(fga.write({ writes: [anne] }), { apiErrorCode: "write_failed_due_to_invalid_input" });
await fga.write(
  { writes: [anne], deletes: [of("user:none", "owner", "document:1")] },
  {
    conflict: {
      onDuplicateWrites: ClientWriteRequestOnDuplicateWrites.Ignore,
      onMissingDeletes: ClientWriteRequestOnMissingDeletes.Ignore,
    },
  },
);
const bulk = Array.from({ length: 150 }, (_, n) => of("user:carl", "owner", `document:n${n}`));
const written = await fga.write({ writes: bulk }, { transaction: { disable: true, maxPerChunk: 100 } });
assert.ok(written.writes.every((one) => one.status === "success"));

// Batches.
const checks = bulk.slice(0, 60).map((tuple, n) => ({ ...tuple, relation: "viewer", correlationId: `c-${n}` }));
const batch = await fga.batchCheck({ checks: [...checks, of("user:eve", "owner", "document:1")] }, higher);
assert.equal(batch.result.filter((one) => one.allowed).length, 60);
assert.equal(batch.result.length, 61);
const relations = await fga.listRelations(
  { user: "user:anne", object: "document:1", relations: ["owner", "viewer"] },
  higher,
);
assert.deepEqual(relations.relations.sort(), ["owner", "viewer"]);

// Lists.
const wanted = { user: "user:carl", relation: "viewer", type: "document" };
const { objects } = await fga.listObjects(wanted, higher);
assert.equal(objects.length, 151);
const streamed = [];
for await (const { object } of fga.streamedListObjects(wanted, higher)) streamed.push(object);
assert.deepEqual(streamed.sort(), objects.sort());
const { users } = await fga.listUsers(
  { object: { type: "document", id: "1" }, relation: "viewer", user_filters: [{ type: "user" }] },
  higher,
);
assert.deepEqual(users, [{ object: { type: "user", id: "anne" } }]);
const { tree } = await fga.expand(of(undefined, "viewer", "document:1"));
assert.equal(tree.root.union.nodes[1].leaf.computed.userset, "document:1#owner");

// Pages of tuples and of changes.
let [found, next] = [0, undefined];
do {
  const page = await fga.read({}, { pageSize: 100, continuationToken: next });
  found += page.tuples.length;
  next = page.continuation_token;
} while (next);
assert.equal(found, 153);
const first = await fga.readChanges({ type: "document" }, { pageSize: 2 });
assert.deepEqual(first.changes.map((change) => change.operation), ["TUPLE_OPERATION_WRITE", "TUPLE_OPERATION_WRITE"]);
const rest = await fga.readChanges({ type: "document" }, { pageSize: 100, continuationToken: first.continuation_token });
assert.equal(rest.changes.length, 100);

// Assertions.
await fga.writeAssertions([{ ...of("user:anne", "viewer", "document:1"), expectation: true }]);
assert.equal((await fga.readAssertions()).assertions[0].expectation, true);

await fga.deleteStore();
await assert.rejects(fga.getStore(), (error) => error.statusCode === 404);
await assert.rejects(
  new OpenFgaClient({ apiUrl, credentials: { ...credentials, config: { token: "sk_wrong" } } }).listStores(),
  (error) => error.statusCode === 401,
);
console.log("ok");
