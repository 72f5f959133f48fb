// One model with its tuples and what must follow from them, asked of the published policy entries. Runs anywhere.

/** OpenFGA's numbers for its codes (`openfga/v1/errors_ignore.proto`). */
const NUMBERS = {
  validation_error: 2000,
  authorization_model_resolution_too_complex: 2002,
  type_not_found: 2021,
  relation_not_found: 2022,
  invalid_tuple: 2027,
};

/** Judges a case; answers how many questions were asked, and throws at the first wrong answer. */
export async function judgePolicy(item, { policies, bundles }) {
  if (item.bundles !== undefined) return throughBundles(item, bundles);
  return item.assertions === undefined ? generated(item, policies) : asserted(item, policies.full);
}

class Unexpected extends Error {}

function same(found, expected, what) {
  const [a, b] = [found, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Unexpected(`${what} is ${a}, must be ${b}`);
}

/** The answer, or the error's code. An error that is not ours is a bug and reaches the report. */
function answer(ask) {
  try {
    return ask();
  } catch (error) {
    if (error?.name !== "SentinelError") throw error;
    return { code: error.code, openfga: error.openfgaCode };
  }
}

/** Every object and relation for some users, from every source; and the lists that follow. */
async function generated(item, entries) {
  const { model, max_depth: maxDepth, tuples, list_users: lists } = item;
  const conditional = model.conditions !== undefined;
  const half = tuples.length >> 1;
  const made = async (entry, some) => entry.createPolicyEngine({ model, tuples: some, maxDepth });
  const written = await made(entries.full, tuples.slice(0, half));
  written.write({ writes: tuples.slice(half), deletes: tuples.slice(0, 2) });
  written.write({ writes: tuples.slice(0, 2) });
  const sources = [
    ["bulk", await made(entries.full, tuples), []],
    ["written", written, []],
    ["contextual", await made(entries.full, tuples.slice(0, half)), tuples.slice(half)],
  ];
  if (!conditional) sources.push(["slim", await made(entries.slim, tuples), []]);
  let count = 0;
  for (const [source, engine, contextualTuples] of sources) {
    const more = contextualTuples.length > 0 ? { contextualTuples } : {};
    const ask = {
      check: (question) => engine.check({ ...question, ...more }).allowed,
      list: (question) => engine.listObjects({ ...question, ...more }).objects,
    };
    count += everything(item, source, ask);
    for (const { object, relation, type, users } of lists) {
      const found = answer(() => engine.listUsers({ object, relation, user_filters: [{ type }], ...more }).users.map(named));
      same(found, users, `${source}: who has ${object}#${relation}`);
      count += 1;
    }
  }
  return count;
}

/** The same of bundles: half of the tuples in a full one and the others contextual, then the others by a delta. */
async function throughBundles(item, entries) {
  const { model, max_depth: maxDepth, tuples, bundles } = item;
  const { jwks, ...demands } = bundles.settings;
  const [full, delta] = [bundles.full, bundles.delta].map(octets);
  const contextualTuples = tuples.slice(tuples.length >> 1);
  let count = 0;
  for (const [entry, { openBundle }] of Object.entries(entries)) {
    // Without conditions it is undecided wherever one matters: other answers than these.
    if (entry === "slim" && model.conditions !== undefined) continue;
    const bundle = await openBundle({ ...demands, jwks, bytes: full, maxDepth, clock: () => bundles.now * 1000 });
    const asked = (more) => ({
      check: (question) => bundle.check({ ...question, ...more }),
      list: (question) => bundle.listObjects({ ...question, ...more }),
    });
    count += everything(item, `bundle (${entry}), contextual`, asked({ contextualTuples }));
    same(await bundle.apply(delta), true, "whether the delta changed anything");
    count += everything(item, `bundle (${entry}), after a delta`, asked({ atLeast: 2 }));
    bundle.close();
  }
  return count;
}

const octets = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));

/** Every check, and every list of objects, of a case. */
function everything({ model, objects, answers }, source, ask) {
  let count = 0;
  for (const [user, relations] of Object.entries(answers)) {
    for (const [relation, { yes, error }] of Object.entries(relations)) {
      const of = objects.filter((object) => relation in (model.type_definitions.find(({ type }) => type === object.split(":")[0])?.relations ?? {}));
      for (const object of of) {
        const expected = yes.includes(object) ? true : error.includes(object) ? "undecided" : false;
        const found = answer(() => ask.check({ user, relation, object }));
        same(found?.code ?? found, expected, `${source}: ${object}#${relation}@${user}`);
        count += 1;
      }
      for (const type of new Set(of.map((object) => object.split(":")[0]))) {
        const ours = (names) => names.filter((name) => name.startsWith(`${type}:`)).sort();
        const found = answer(() => ask.list({ user, relation, type }));
        // A list may not need the tuple for which a check has no answer.
        if (Array.isArray(found) || ours(error).length === 0) same(found, ours(yes), `${source}: ${type}#${relation}@${user}`);
        else same(found.code, "undecided", `${source}: ${type}#${relation}@${user}`);
        count += 1;
      }
    }
  }
  return count;
}

const named = ({ object, userset, wildcard }) =>
  wildcard ? `${wildcard.type}:*` : userset ? `${userset.type}:${userset.id}#${userset.relation}` : `${object.type}:${object.id}`;

/** Assertions of a suite, with the tuples stored and, where it says so, again with all of them contextual. */
async function asserted({ before, model, tuples, contextual, assertions }, { createPolicyEngine }) {
  const [first, ...others] = [...before, { model, tuples }];
  const engine = await createPolicyEngine(first);
  for (const stage of others) {
    engine.replaceModel(stage.model);
    engine.load(stage.tuples);
  }
  let count = ask(engine, assertions, []);
  if (contextual) count += ask(await createPolicyEngine({ model }), assertions, tuples);
  return count;
}

function ask(engine, assertions, stored) {
  for (const { kind, expect, code, type, filter, contextualTuples, ...request } of assertions) {
    const question = { ...request, contextualTuples: [...contextualTuples, ...stored] };
    const found = answer(() => {
      if (kind === "check") return engine.check(question).allowed;
      if (kind === "list_objects") return engine.listObjects({ ...question, type }).objects;
      const [of, relation] = filter.split("#");
      const filters = [relation === undefined ? { type: of } : { type: of, relation }];
      return engine.listUsers({ ...question, user_filters: filters }).users.map(named).sort();
    });
    const what = `${stored.length > 0 ? "contextual" : "stored"}: ${JSON.stringify({ kind, type, filter, ...request })}`;
    if (code !== 0) same(NUMBERS[found?.openfga], code, what);
    else same(found, kind === "check" ? expect : [...expect].sort(), what);
  }
  return assertions.length;
}
