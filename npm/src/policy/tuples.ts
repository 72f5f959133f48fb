import type { TupleKey } from "./api.js";
import { misused } from "./errors.js";

/** How much text crosses at a time. */
const PIECE = 256 * 1024;

/** Tuples as pieces of text with whole lines, each a tuple: JSON, or `object#relation@user`. */
export function* pieces(tuples: Iterable<TupleKey> | string): Generator<string, void> {
  if (typeof tuples === "string") {
    for (let start = 0; start < tuples.length; ) {
      const newline = start + PIECE >= tuples.length ? -1 : tuples.indexOf("\n", start + PIECE);
      const end = newline < 0 ? tuples.length : newline + 1;
      yield tuples.slice(start, end);
      start = end;
    }
    return;
  }
  if (tuples === null || typeof tuples !== "object" || typeof tuples[Symbol.iterator] !== "function") {
    throw misused("tuples must be tuple keys or text");
  }
  let piece = "";
  for (const tuple of tuples) {
    piece += `${line(tuple)}\n`;
    if (piece.length > PIECE) {
      yield piece;
      piece = "";
    }
  }
  yield piece;
}

/** What would end a line, or make one look like JSON. */
const AMBIGUOUS = /[\r\n]|^\s*\{/;

function line(tuple: TupleKey): string {
  if (typeof tuple !== "object" || tuple === null) throw misused("a tuple key must be an object");
  const { user, relation, object, condition } = tuple;
  if (condition == null && typeof user === "string" && typeof relation === "string" && typeof object === "string") {
    const text = `${object}#${relation}@${user}`;
    // Only if it is read as it was meant: an `@` in the relation would begin the user, a `#` in the object the relation.
    if (!relation.includes("@") && !object.includes("#") && !AMBIGUOUS.test(text) && text.trim() === text) return text;
  }
  return JSON.stringify(tuple);
}
