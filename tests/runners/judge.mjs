// One case through every way to verify that this runtime has. Runs anywhere: no import but the reader of JSON.
import { equal, Numeral, parse, sourceOf } from "./exact.mjs";
import { judgeBundle } from "./bundles.mjs";
import { judgePolicy } from "./policy.mjs";

const members = {
  case: ["name", "token", "token_repeat", "keys", "options", "expect", "why"],
  options: ["algorithms", "issuer", "audience", "type", "token_use", "now", "leeway", "required", "max_age", "max_token_bytes", "payload"],
  expect: ["ok", "claims", "payload", "code"],
  signature: ["algorithm", "jwk", "test"],
  test: ["name", "message", "signature", "ok", "why"],
};

/**
 * Judges an item `{ kind, text }` by `runtime`: `{ ways, algorithms, codes }`. Answers `{ lacking }`,
 * for a policy or a bundle `{ count }` of its questions, or `{ failed }` with the reason.
 */
export async function judge({ kind, text }, runtime) {
  try {
    if (kind === "policy") return { count: await judgePolicy(JSON.parse(text), runtime) };
    if (kind === "bundle") return { count: await judgeBundle(JSON.parse(text), runtime.bundles) };
    const lacking = await (kind === "case" ? token(parse(text), runtime) : signature(parse(text), runtime));
    return { lacking };
  } catch (error) {
    return { failed: error instanceof Unexpected ? error.message : `${error?.stack ?? error}` };
  }
}

class Unexpected extends Error {}

const unexpected = (reason) => {
  throw new Unexpected(reason);
};

function known(object, kind) {
  if (typeof object !== "object" || object === null) unexpected(`no object where a ${kind} should be`);
  for (const name of Object.keys(object)) if (!members[kind].includes(name)) unexpected(`unknown member ${name}`);
  return object;
}

async function token(vector, { ways, algorithms, codes }) {
  const { keys, options, expect, ...rest } = known(vector, "case");
  known(options, "options");
  known(expect, "expect");
  const expected = expect.code === undefined ? [] : [expect.code].flat();
  const wrong = expected.find((code) => !codes.includes(code));
  if (wrong !== undefined) unexpected(`expects the code ${wrong}, which does not exist`);
  if (typeof expect.ok !== "boolean" || !(options.now instanceof Numeral) || keys === undefined) unexpected("the case is incomplete");
  const text = textOf(rest);
  const question = {
    token: text,
    keys: sourceOf(keys),
    bytes: options.payload === "bytes",
    // An unknown name allows nothing; secrets are taken exactly when an HS algorithm is allowed.
    secrets: options.algorithms.some((name) => name.startsWith("HS") && algorithms.includes(name)),
    settings: settingsOf(options, algorithms),
    now: options.now.value,
  };

  const lacking = new Set();
  let agreed;
  for (const way of ways) {
    if (!way.takes(question)) continue;
    for (const [name, answer] of await way.answers(question)) {
      if (answer.code === "algorithm_unavailable") {
        lacking.add(`${way.name} lacks ${algorithmOf(text)}`);
        continue;
      }
      agreed ??= { name, answer };
      if (agreed.answer.code !== answer.code) {
        unexpected(`${agreed.name} said ${agreed.answer.code ?? "accepted"}, ${name} said ${answer.code ?? "accepted"}`);
      }
      if (answer.code === undefined && !question.bytes) compare(expect.claims ?? {}, text, answer.claims, name);
    }
  }
  if (agreed === undefined) unexpected("no way to verify has the algorithm");
  const { code } = agreed.answer;
  if (expect.ok) {
    if (code !== undefined) unexpected(`refused as ${code}, must be accepted`);
    // The payload is base64url in its one form: equal as text is equal as octets.
    const payload = text.split(".")[1];
    if (expect.payload !== undefined && expect.payload !== payload) unexpected(`the payload is ${payload}`);
  } else {
    if (code === undefined) unexpected("accepted, must be refused");
    if (expected.length > 0 && !expected.includes(code)) unexpected(`refused as ${code}, not as ${expected.join(" or ")}`);
  }
  return [...lacking];
}

function textOf({ token, token_repeat: pieces }) {
  if ((token === undefined) === (pieces === undefined)) unexpected("exactly one of `token` and `token_repeat` must be given");
  return token ?? pieces.map(([piece, times]) => piece.repeat(times.value)).join("");
}

function algorithmOf(text) {
  try {
    return JSON.parse(atob(text.split(".")[0].replaceAll("-", "+").replaceAll("_", "/"))).alg;
  } catch {
    return "the algorithm";
  }
}

/** The vector's options under the names that `createVerifier` has. */
function settingsOf(options, algorithms) {
  const settings = {
    algorithms: options.algorithms.filter((name) => algorithms.includes(name)),
    type: options.type,
    tokenUse: options.token_use,
    leeway: options.leeway?.value,
    required: options.required,
    maxAge: options.max_age?.value,
    maxTokenBytes: options.max_token_bytes?.value,
    issuer: options.issuer,
    audience: options.audience,
  };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** What the package gives as claims is what the payload says; what it says is what was expected, numbers by their text. */
function compare(expected, text, claims, way) {
  const payload = utf8.decode(octets(text.split(".")[1]));
  if (JSON.stringify(claims) !== JSON.stringify(JSON.parse(payload))) unexpected(`${way} gives other claims than the payload has`);
  const said = parse(payload);
  for (const [name, value] of Object.entries(expected)) {
    if (!(name in said)) unexpected(`the claim ${name} is missing`);
    if (!equal(value, said[name])) unexpected(`the claim ${name} is ${sourceOf(said[name])}, not ${sourceOf(value)}`);
  }
}

function octets(text) {
  return Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}

async function signature(vector, { ways, algorithms }) {
  const { algorithm, jwk, test } = known(vector, "signature");
  known(test, "test");
  if (!algorithms.includes(algorithm)) unexpected(`no algorithm ${algorithm}`);
  const keys = `{"keys":[${sourceOf(jwk)}]}`;
  const lacking = [];
  let asked = false;
  for (const way of ways) {
    if (way.signature === undefined) continue;
    const answer = await way.signature(algorithm, keys, octets(test.message), octets(test.signature));
    if (answer === "algorithm_unavailable") {
      lacking.push(`${way.name} lacks ${algorithm}`);
      continue;
    }
    asked = true;
    if ((answer === true) !== test.ok) unexpected(`${way.name} said ${answer}, must be ${test.ok ? "accepted" : "refused"}`);
  }
  if (!asked) unexpected("no backend has the algorithm");
  return lacking;
}
