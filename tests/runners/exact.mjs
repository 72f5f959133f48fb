// JSON that keeps what JSON.parse loses: the text of numbers, and where a value stood.

/** A number as it was written. */
export class Numeral {
  constructor(text) {
    this.text = text;
  }
  get value() {
    return Number(this.text);
  }
}

const sources = new WeakMap();

/** The text that a value of `parse` was read from. */
export const sourceOf = (value) => (typeof value === "object" && value !== null ? sources.get(value) : JSON.stringify(value));

/** Objects have no prototype, so that `__proto__` is a member like any other; numbers are `Numeral`s. */
export function parse(text) {
  let at = 0;
  const fail = (what) => {
    throw new SyntaxError(`${what} at ${at}`);
  };
  const blank = () => {
    while (" \t\r\n".includes(text[at]) && at < text.length) at += 1;
  };
  const token = (pattern, what) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? fail(`no ${what}`);
    at += found.length;
    return found;
  };
  const string = () => JSON.parse(token(/"(?:[^"\\]|\\.)*"/suy, "string"));

  function list(close, element) {
    at += 1;
    blank();
    for (let first = true; text[at] !== close; first = false) {
      if (!first) {
        if (text[at] !== ",") fail("no comma");
        at += 1;
        blank();
      }
      element();
      blank();
    }
    at += 1;
  }

  function value() {
    blank();
    const start = at;
    const remember = (value) => (sources.set(value, text.slice(start, at)), value);
    switch (text[at]) {
      case "{": {
        const object = Object.create(null);
        list("}", () => {
          const name = string();
          blank();
          if (text[at] !== ":") fail("no colon");
          at += 1;
          object[name] = value();
        });
        return remember(object);
      }
      case "[": {
        const array = [];
        list("]", () => array.push(value()));
        return remember(array);
      }
      case '"':
        return string();
      case "t":
      case "f":
      case "n":
        return JSON.parse(token(/true|false|null/uy, "value"));
      default:
        return remember(new Numeral(token(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/uy, "number")));
    }
  }

  const result = value();
  blank();
  if (at !== text.length) fail("something after the end");
  return result;
}

/** Deeply equal; numbers by value, but integers beyond 2^53 by their text. */
export function equal(a, b) {
  if (a instanceof Numeral && b instanceof Numeral) {
    const exact = ({ value }) => Math.abs(value) < 2 ** 53;
    return a.text === b.text || (exact(a) && exact(b) && a.value === b.value);
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((element, index) => equal(element, b[index]));
  if (isObject(a) && isObject(b)) {
    const names = Object.keys(a);
    return names.length === Object.keys(b).length && names.every((name) => name in b && equal(a[name], b[name]));
  }
  return a === b;
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Numeral);
