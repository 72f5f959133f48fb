// Shows the OpenAPI document of this server. Text goes into the page as text alone, never as markup.

const METHODS = ["get", "post", "put", "patch", "delete"];

const node = (name, children = [], attributes = {}) => {
  const element = Object.assign(document.createElement(name), attributes);
  element.append(...[children].flat());
  return element;
};

const answer = await fetch("/openapi.json");
const api = await answer.json();

/** Follows `#/components/…`, once around any circle. */
function resolve(schema, seen = []) {
  if (!schema?.$ref) return schema ?? {};
  if (seen.includes(schema.$ref)) return { type: schema.$ref.split("/").at(-1) };
  const found = schema.$ref.slice(2).split("/").reduce((at, part) => at?.[part], api);
  return resolve(found, [...seen, schema.$ref]);
}

/** A value of a schema's shape, with types in place of values. */
function sketch(schema, depth = 0) {
  const { type, properties, items, enum: values, oneOf, anyOf, allOf } = resolve(schema);
  if (depth > 5) return "…";
  if (values) return values.join(" | ");
  if (allOf) return Object.assign({}, ...allOf.map((part) => sketch(part, depth)));
  const choice = (oneOf ?? anyOf)?.find((part) => part.type !== "null");
  if (choice) return sketch(choice, depth);
  if (properties) return Object.fromEntries(Object.entries(properties).map(([k, v]) => [k, sketch(v, depth + 1)]));
  if (items) return [sketch(items, depth + 1)];
  return [type ?? "any"].flat().join(" | ");
}

function body(title, content) {
  const schema = content && Object.values(content)[0]?.schema;
  if (!schema) return [];
  return [node("h4", title), node("pre", JSON.stringify(sketch(schema), null, 2))];
}

function operation(method, path, described) {
  const who = described["x-access"] ?? "";
  const summary = node("summary", [node("b", method.toUpperCase()), node("code", path), node("i", who)]);
  const parameters = (described.parameters ?? []).map((p) =>
    node("tr", [node("td", node("code", p.name)), node("td", p.in), node("td", p.required ? "required" : ""), node("td", p.description ?? "")]),
  );
  const responses = Object.entries(described.responses ?? {}).map(([status, response]) =>
    node("tr", [node("td", status), node("td", resolve(response).description ?? "")]),
  );
  const success = Object.entries(described.responses ?? {}).find(([status]) => status.startsWith("2"))?.[1];
  const element = node("details", [
    summary,
    node("p", [described.summary ?? "", " ", described.description ?? ""]),
    ...(parameters.length ? [node("h4", "Parameters"), node("table", parameters)] : []),
    ...body("Body", resolve(described.requestBody).content),
    ...body("Answer", resolve(success).content),
    node("h4", "Statuses"),
    node("table", responses),
  ]);
  const words = `${method} ${path} ${who} ${described.summary ?? ""} ${described.description ?? ""}`.toLowerCase();
  return { tag: described.tags?.[0] ?? "other", element, words };
}

const operations = Object.entries(api.paths).flatMap(([path, item]) =>
  METHODS.filter((method) => item[method]).map((method) => operation(method, path, item[method])),
);
const sections = [...new Set(operations.map(({ tag }) => tag))].map((tag) => {
  const own = operations.filter((one) => one.tag === tag);
  return { own, element: node("section", [node("h2", tag), ...own.map(({ element }) => element)]) };
});

document.querySelector("#operations").replaceChildren(...sections.map(({ element }) => element));
document.querySelector("#about").replaceChildren(
  `${api.info.description} Version ${api.info.version}, ${operations.length} operations, from `,
  node("a", "/openapi.json", { href: "/openapi.json" }),
  ".",
);
document.querySelector("#find").addEventListener("input", ({ target }) => {
  const sought = target.value.trim().toLowerCase();
  for (const one of operations) one.element.hidden = !one.words.includes(sought);
  for (const { own, element } of sections) element.hidden = own.every((one) => one.element.hidden);
});
