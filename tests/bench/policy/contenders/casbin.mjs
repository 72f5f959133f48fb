// casbin: people in groups (g), documents in folders (g2), and a policy for every other tuple. A question is compared with
// one policy after another, whatever it asks about.
import { DefaultRoleManager, newEnforcer, newModelFromString } from "casbin";

export const name = "casbin";

const MOST = 10_000;
/** Its own limit is 10: one less than the folders here need. */
const LEVELS = 16;

export const whyNot = (tuples) => tuples > MOST && `more than ${MOST.toLocaleString("en")} tuples: every question is compared with all policies`;

const MODEL = `
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act, eft
[role_definition]
g = _, _
g2 = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = (r.act == p.act || (r.act == "can_read" && p.act == "viewer")) && g(r.sub, p.sub) && g2(r.obj, p.obj)
`;

export async function make(_, tuples) {
  const policies = [];
  const links = { g: [], g2: [] };
  for (const tuple of tuples) {
    const [object, relation, user] = tuple.split(/[#@]/, 3);
    if (relation === "member") links.g.push([user, object]);
    else if (relation === "parent") links.g2.push([object, user]);
    else if (relation === "blocked") policies.push([user, object, "can_read", "deny"]);
    else policies.push([user, object, relation, "allow"]);
  }
  const enforcer = await newEnforcer(newModelFromString(MODEL));
  for (const [kind, rules] of Object.entries(links)) {
    enforcer.setNamedRoleManager(kind, new DefaultRoleManager(LEVELS));
    await enforcer.addNamedGroupingPolicies(kind, rules);
  }
  await enforcer.addPolicies(policies);
  const prepare = (_, { object, relation, user }) => ({ check: () => enforcer.enforceSync(user, object, relation) });
  return { prepare, group: 1, questions: 2 };
}
