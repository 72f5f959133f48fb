// Our engine as npm has it: every store is an instance of its own.
import { createPolicyEngine } from "sentinel-edge/policy";

export const name = "sentinel-edge/policy (WebAssembly)";

export async function make({ model }, tuples) {
  const engine = await createPolicyEngine({ model, tuples: tuples.join("\n") });
  if (engine.size !== tuples.length) throw new Error(`${engine.size} of ${tuples.length} tuples`);
  // The request is made for it, as a caller's would be.
  const prepare = (_, { object, relation, user }) => ({ check: () => engine.check({ user, relation, object }).allowed });
  return { prepare, group: 128, questions: Infinity, memory: engine.memoryBytes };
}
