// Cedar, compiled to WebAssembly by its makers. It keeps policies and no data: the entities come with every question, and
// whoever asks has looked them up. They are made beforehand here; that they are read is part of the answer.
import { preparsePolicySet, statefulIsAuthorized } from "@cedar-policy/cedar-wasm/nodejs";

export const name = "Cedar (WebAssembly)";

const POLICIES = `
permit(principal, action == Action::"owner", resource) when { resource.owner == principal };
permit(principal, action in [Action::"viewer", Action::"can_read"], resource) when { principal in resource.viewers };
permit(principal, action in [Action::"viewer", Action::"can_read"], resource) when { resource in principal.folders };
forbid(principal, action == Action::"can_read", resource) when { resource.blocked.contains(principal) };
`;

const DEPTH = 10;
const GROUPS = 3;
const uid = (type, id) => ({ type, id });
const reference = (type, id) => ({ __entity: uid(type, id) });
const entity = (type, id, parents = [], attrs = {}) => ({ uid: uid(type, id), parents, attrs });

export async function make() {
  const parsed = preparsePolicySet("bench", { staticPolicies: POLICIES });
  if (parsed.type !== "success") throw new Error(JSON.stringify(parsed));
  return { prepare, group: 32, questions: 256 };
}

function prepare(key, { object, relation, user, document }) {
  const [, resource] = object.split(":");
  const [, person] = user.split(":");
  const call = {
    principal: uid("User", person),
    action: uid("Action", relation),
    resource: uid("Document", resource),
    context: {},
    preparsedPolicySetId: "bench",
    entities: entities(key, person, resource, document),
  };
  const check = () => {
    const answer = statefulIsAuthorized(call);
    if (answer.type !== "success" || answer.response.diagnostics.errors.length) throw new Error(JSON.stringify(answer));
    return answer.response.decision === "allow";
  };
  return { check };
}

/** What the question is about: the person and their groups, the document and its folders. */
function entities(key, person, resource, n) {
  if (key === "direct" || key === "deny") {
    const owner = reference("User", key === "direct" ? person : "another");
    return [entity("User", person), entity("Document", resource, [], { owner })];
  }
  const grouped = key === "groups" || key === "exclusion";
  const folders = key === "depth" ? [reference("Folder", `${n}-${DEPTH}`)] : [];
  const all = [entity("User", person, grouped ? [uid("Group", `${n}-${GROUPS}`)] : [], { folders })];
  const attrs = { viewers: [reference("Group", `${n}-1`)], blocked: [reference("User", `blocked-${n}`)] };
  all.push(entity("Document", resource, [uid("Folder", `${n}-1`)], attrs));
  if (grouped) for (let level = GROUPS; level >= 1; level--) all.push(entity("Group", `${n}-${level}`, level > 1 ? [uid("Group", `${n}-${level - 1}`)] : []));
  for (let depth = 1; depth <= DEPTH; depth++) all.push(entity("Folder", `${n}-${depth}`, depth < DEPTH ? [uid("Folder", `${n}-${depth + 1}`)] : []));
  return all;
}
