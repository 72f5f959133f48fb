// What the pages are made of. Whatever comes from elsewhere goes in as text, or as an attribute's value, and never as markup.

/** An element; attributes that begin with `on` are listeners, and `undefined` and `false` are none. */
export function node(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== undefined && value !== false) element.setAttribute(key, String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A part of the page with a heading of its own. */
export const section = (title, ...children) => node("section", { "aria-label": title }, node("h2", {}, title), ...children);

/** Shows a view, and tells a screen reader where it is. */
export function show(title, ...children) {
  const heading = node("h1", { tabindex: "-1" }, title);
  document.querySelector("#main").replaceChildren(heading, ...children);
  document.title = title;
  heading.focus();
}

/** Says what has happened, aloud. */
export const say = (text) => void (document.querySelector("#said").textContent = text);

let hints = 0;

/** An input with its label, and a hint that is read with it. */
export function field(text, attributes, hint) {
  if (hint === undefined) return node("label", {}, text, node("input", attributes));
  const id = `hint-${(hints += 1)}`;
  return [node("label", {}, text, node("input", { ...attributes, "aria-describedby": id })), node("p", { id, class: "hint" }, hint)];
}

export const choice = (text, name, values, chosen) =>
  node("label", {}, text, node("select", { name, "aria-label": text }, values.map((value) => node("option", { value, selected: value === chosen }, value))));

/** A PIN to be typed. */
export const pinField = (text, name, autocomplete, hint) =>
  field(text, { name, autocomplete, type: "password", inputmode: "numeric", required: true, maxlength: "64" }, hint);

/**
 * A form that the script sends: `submit` is given what was filled in, and what it throws is shown under the form.
 * `explain` makes more of it than its message.
 */
export function form(name, label, fields, submit, explain = () => []) {
  const trouble = node("div", { role: "alert" });
  const button = node("button", { type: "submit" }, label);
  const sent = async (event) => {
    event.preventDefault();
    trouble.replaceChildren();
    button.disabled = true;
    try {
      await submit(Object.fromEntries(new FormData(element)), element);
    } catch (error) {
      trouble.replaceChildren(error.message, ...explain(error));
    }
    button.disabled = false;
  };
  // Where no script runs nothing is sent; and if it were, not in an address.
  const element = node("form", { "aria-label": name, method: "post", onsubmit: sent }, fields.flat(2), trouble, button);
  return element;
}

/** A button that does something at once; what that throws is said. */
export function action(text, act, attributes = {}) {
  const pressed = async () => {
    button.disabled = true;
    try {
      await act();
    } catch (error) {
      say(error.message);
    }
    button.disabled = false;
  };
  const button = node("button", { type: "button", ...attributes, onclick: pressed }, text);
  return button;
}

/** Names and what they stand for. */
export const facts = (pairs) => node("dl", {}, pairs.flatMap(([name, value]) => [node("dt", {}, name), node("dd", {}, value)]));

export function table(name, heads, rows) {
  const head = node("thead", {}, node("tr", {}, heads.map((text) => node("th", { scope: "col" }, text))));
  const body = node("tbody", {}, rows.map((cells) => node("tr", {}, cells.map((cell) => node("td", {}, cell)))));
  return node("div", { class: "wide" }, node("table", { "aria-label": name }, head, body));
}

/** A moment as its reader writes it. */
export const moment = (text) => (text === null ? "never" : node("time", { datetime: text }, new Date(text).toLocaleString()));
