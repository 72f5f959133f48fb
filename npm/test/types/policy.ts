// The types of `/policy`, tested by the compiler.
import {
  createPolicyEngine,
  formatModel,
  type ModelMistake,
  modelToJson,
  PolicyError,
  SentinelError,
  type TupleKey,
  validateModel,
} from "sentinel-edge/policy";
import * as slim from "sentinel-edge/policy/slim";
import * as web from "sentinel-edge/policy/web";

const tuple: TupleKey = { user: "user:anne", relation: "viewer", object: "document:1", condition: { name: "c", context: { a: 1 } } };
const engine = createPolicyEngine({ model: "model", tuples: [tuple], maxDepth: 10 });
const allowed: boolean = engine.check({ ...tuple, context: { hour: 10 }, contextualTuples: [tuple] }).allowed;
const objects: readonly string[] = engine.listObjects({ user: "user:anne", relation: "viewer", type: "document" }).objects;
const [first] = engine.listUsers({ object: { type: "document", id: "1" }, relation: "viewer", user_filters: [{ type: "user" }] }).users;
const id: string | undefined = first?.object?.id;
const relations: readonly string[] = engine.listRelations({ user: "user:anne", object: "document:1" }).relations;
const nodes = engine.expand({ relation: "viewer", object: "document:1" }).tree.root.union?.nodes;
const step: string | undefined = engine.explain(tuple).steps[0]?.tuple;
engine.write({ writes: [tuple], deletes: [tuple] }, { conflict: { onDuplicateWrites: "ignore" } });
engine.load("document:1#viewer@user:anne");
const mistakes: readonly ModelMistake[] = validateModel(modelToJson(formatModel("model")));
const later: Promise<web.PolicyEngine> = web.createPolicyEngine({ model: "model" });
const small: slim.PolicyEngine = slim.createPolicyEngine({ model: modelToJson("model") });

export function codes(error: unknown): string | undefined {
  if (error instanceof PolicyError) return error.openfgaCode;
  return error instanceof SentinelError ? error.code : undefined;
}

// @ts-expect-error: a misspelt member is no member.
engine.check({ user: "user:anne", relation: "viewer", object: "document:1", contextualTuple: [tuple] });
// @ts-expect-error: a question has three parts.
engine.check({ user: "user:anne", object: "document:1" });
// @ts-expect-error: /slim knows no DSL.
slim.formatModel("model");
export { allowed, id, later, mistakes, nodes, objects, relations, small, step };
