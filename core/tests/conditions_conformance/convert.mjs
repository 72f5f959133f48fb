// Makes `cases.json` of the conformance tests in the npm package @bufbuild/cel-spec 0.6.1:
//   npm pack @bufbuild/cel-spec@0.6.1 && tar xzf bufbuild-cel-spec-0.6.1.tgz
//   node convert.mjs package/dist/esm/testdata/conformance.js > cases.json
// A value is written as an expression, so that the language itself compares it.
import { pathToFileURL } from "node:url";

const { tests } = await import(pathToFileURL(process.argv[2]));
// The others test messages of protocol buffers and extensions of the language.
const suites = "basic comparisons conversions fields fp_math integer_math lists logic macros parse plumbing string timestamps".split(" ");
const messages = /TestAllTypes|google\.|NestedEnum|\bcel\.expr/;

class Excluded extends Error {}

function literal(value) {
  const [kind, of] = Object.entries(value)[0];
  switch (kind) {
    case "int64Value": return `${of}`;
    case "uint64Value": return `${of}u`;
    case "doubleValue": return typeof of === "number" && Number.isFinite(of) && !Object.is(of, -0) ? `double(${JSON.stringify(String(of))})` : `double("${Object.is(of, -0) ? "-0" : of}")`;
    case "stringValue": return JSON.stringify(of).replaceAll("\\/", "/");
    case "bytesValue": return `b"${[...Buffer.from(of, "base64")].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")}"`;
    case "boolValue": return `${of}`;
    case "nullValue": return "null";
    case "typeValue": if (!/^(bool|bytes|double|int|list|map|null_type|string|type|uint)$/.test(of)) throw new Excluded("a type of protocol buffers"); return of;
    case "listValue": return `[${(of.values ?? []).map(literal).join(", ")}]`;
    case "mapValue": return `{${(of.entries ?? []).map((entry) => `${literal(entry.key)}: ${literal(entry.value)}`).join(", ")}}`;
    case "objectValue": {
      const name = of["@type"]?.split("/").pop();
      if (name === "google.protobuf.Timestamp") return `timestamp(${JSON.stringify(of.value)})`;
      if (name === "google.protobuf.Duration") return `duration(${JSON.stringify(of.value)})`;
    }
  }
  throw new Excluded("a message of protocol buffers");
}

function type(of) {
  if (of.primitive) {
    const name = { BOOL: "bool", INT64: "int", UINT64: "uint", DOUBLE: "double", STRING: "string" }[of.primitive];
    if (name) return name;
  }
  if (of.dyn) return "any";
  if (of.wellKnown === "TIMESTAMP") return "timestamp";
  if (of.wellKnown === "DURATION") return "duration";
  if (of.listType) return `list<${type(of.listType.elemType)}>`;
  if (of.mapType?.keyType?.primitive === "STRING") return `map<${type(of.mapType.valueType)}>`;
  throw new Excluded("a parameter of a type that conditions do not have");
}

function json(value) {
  const [kind, of] = Object.entries(value)[0];
  switch (kind) {
    case "int64Value": case "uint64Value": case "doubleValue": case "stringValue": case "boolValue": return of;
    case "nullValue": return null;
    case "listValue": return (of.values ?? []).map(json);
    case "mapValue": return Object.fromEntries((of.entries ?? []).map((entry) => [json(entry.key), json(entry.value)]));
  }
  throw new Excluded("a context that JSON does not have");
}

const cases = [];
const excluded = {};
function walk(suite, path) {
  for (const { original: test } of suite.tests ?? []) {
    try {
      if (messages.test(test.expr) || test.container) throw new Excluded("messages of protocol buffers");
      if (test.disableCheck && !test.evalError) throw new Excluded("an evaluation without the check of types");
      if (test.checkOnly || test.typedResult) throw new Excluded("no evaluation");
      const parameters = Object.fromEntries((test.typeEnv ?? []).map((one) => {
        if (!one.ident || one.name.includes(".")) throw new Excluded("a declaration that conditions do not have");
        return [one.name, type(one.ident.type)];
      }));
      const context = Object.fromEntries(Object.entries(test.bindings ?? {}).map(([name, { value }]) => [name, json(value)]));
      const expect = test.evalError ? {} : { value: literal(test.value ?? { boolValue: true }) };
      cases.push({ name: [...path, test.name].join("/"), expr: test.expr, parameters, context, ...expect });
    } catch (error) {
      if (!(error instanceof Excluded)) throw error;
      excluded[error.message] = (excluded[error.message] ?? 0) + 1;
    }
  }
  for (const inner of suite.suites ?? []) walk(inner, [...path, inner.name]);
}
for (const suite of tests.suites) if (suites.includes(suite.name)) walk(suite, [suite.name]);
const source = "@bufbuild/cel-spec 0.6.1 (npm, Apache-2.0): conformance tests of google/cel-spec";
console.log(`{\n"source": ${JSON.stringify(source)},\n"excluded": ${JSON.stringify(excluded)},\n"cases": [\n${cases.map((one) => JSON.stringify(one)).join(",\n")}\n]\n}`);
