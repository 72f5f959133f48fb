/** What every app asks of the policy entry that it imported: an allow, a deny, and a question without an answer. */
export async function checkPolicy({ SentinelError, createPolicyEngine }, model) {
  const tuples = [{ user: "user:ada", relation: "viewer", object: "document:1" }];
  const engine = await createPolicyEngine({ model, tuples });
  const ask = (user) => {
    try {
      return engine.check({ user, relation: "viewer", object: "document:1" }).allowed;
    } catch (error) {
      return error instanceof SentinelError ? error.code : `${error}`;
    }
  };
  return [ask("user:ada"), ask("user:bob"), ask("robot:1")];
}

export const DSL = `model
  schema 1.1
type user
type document
  relations
    define viewer: [user]
`;

export const JSON_MODEL = {
  schema_version: "1.1",
  type_definitions: [
    { type: "user" },
    {
      type: "document",
      relations: { viewer: { this: {} } },
      metadata: { relations: { viewer: { directly_related_user_types: [{ type: "user" }] } } },
    },
  ],
};
