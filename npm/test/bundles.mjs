// Bundles for the tests: bodies out of the vectors in `tests/policy/bundles.json`, under manifests that are signed here.
import * as crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { NOW } from "./support.mjs";

const { bundles } = JSON.parse(readFileSync(new URL("../../tests/policy/bundles.json", import.meta.url), "utf8"));
const vectors = Object.fromEntries(bundles.map((item) => [item.name, item]));
const [WHOLE, DELTA] = [vectors["a workspace"], vectors.deltas].map(({ steps }, at) =>
  bodyOf(Buffer.from(at === 0 ? steps[0].open : steps.find(({ apply, expect }) => apply && expect === true).apply, "base64url")),
);

/** A body that changes nothing: version and kind. */
const NOTHING = Buffer.from([1, 2]);

/** What every one of them is for. */
export const { jwks: JWKS, ...DEMANDS } = vectors["a workspace"].settings;
/** The key of the vectors, which is no secret. */
const scalar = Buffer.alloc(32, 7);
const key = crypto.createPrivateKey({ key: { ...JWKS.keys[0], d: scalar.toString("base64url") }, format: "jwk" });

function bodyOf(file) {
  return file.subarray(8 + file.readUInt32LE(4));
}

const digest = (...parts) => crypto.createHash("sha256").update(Buffer.concat(parts)).digest();

/** A frame of a body under a manifest; `pair` signs it. */
export function frame(body, members, { iat = NOW, life = 300, kid = "vectors", pair = key, ...claims } = {}) {
  const bundle = { workspace: DEMANDS.workspace, ...members, length: body.length, sha256: digest(body).toString("base64url") };
  const payload = { iss: DEMANDS.issuer, aud: DEMANDS.audience, iat, exp: iat + life, bundle, ...claims };
  const header = { alg: "ES256", kid, typ: "sentinel-bundle+jwt" };
  const input = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  const signature = crypto.sign("sha256", Buffer.from(input), { key: pair, dsaEncoding: "ieee-p1363" });
  const manifest = Buffer.from(`${input}.${signature.toString("base64url")}`);
  const head = Buffer.from("SNTB0000");
  head.writeUInt32LE(manifest.length, 4);
  return Buffer.concat([head, manifest, body]);
}

/** LEB128. */
const number = (value) => (value < 128 ? [value] : [(value % 128) | 128, ...number(Math.floor(value / 128))]);
const list = (values, write) => [...number(values.length), ...values.flatMap(write)];
const text = (value) => list([...Buffer.from(value)], (octet) => [octet]);

/** A body with another section in the place of one, or behind the others. */
function replaced(body, section, change) {
  const out = [...body.subarray(0, 2)];
  let [at, done] = [2, false];
  const put = (name, content) => out.push(name, ...number(content.length), ...content);
  while (at < body.length) {
    const name = body[at++];
    let [length, shift, octet] = [0, 0, 0];
    do {
      octet = body[at++];
      length += (octet & 127) * 2 ** shift;
      shift += 7;
    } while (octet > 127);
    const content = [...body.subarray(at, at + length)];
    put(name, name === section ? change(content) : content);
    done ||= name === section;
    at += length;
  }
  if (!done) put(section, change([]));
  return Buffer.from(out);
}

const KINDS = ["token", "session", "user", "member", "workspace", "all"];

/** The section of revocations (docs/reference/bundle-format.md), without a salt: `[kind, name, second name, void before]`. */
function revoked(entries) {
  const hash = ([kind, first = "", second = ""]) => {
    const length = Buffer.alloc(8);
    length.writeUInt32BE(Buffer.byteLength(first), 4);
    return digest(Buffer.from([0, KINDS.indexOf(kind)]), length, Buffer.from(first), Buffer.from(second)).readUIntBE(0, 6);
  };
  const of = (kind) => {
    const sorted = entries.filter(([name]) => name === kind).map((entry) => [hash(entry), entry[3]]).sort(([one], [other]) => one - other);
    let next = 0;
    return list(sorted, ([value, before]) => {
      const gap = number(value - next);
      next = value + 1;
      return KINDS.indexOf(kind) < 2 ? gap : [...gap, ...number(before)];
    });
  };
  return [0, ...KINDS.flatMap(of)];
}

/** A body of revocations alone. */
export const revocationsOf = (entries) => Buffer.from([1, 3, ...[11, ...number(revoked(entries).length), ...revoked(entries)]]);

/** The workspace's body, in which users have roles by their places: 0 is editor, 1 viewer. `undefined`: it does not say who has which. */
export function holding(holders, entries) {
  const names = Object.keys(holders ?? {}).sort();
  const told = list(names, (name) => [...text(name), ...list(holders[name], number)]);
  const body = holders === undefined ? WHOLE : replaced(WHOLE, 10, (roles) => [...roles, ...told]);
  return entries === undefined ? body : replaced(body, 11, () => revoked(entries));
}

/** A publisher of one workspace: beth may read `document:plan`, carl may not, until `change` lets him. */
export class Publisher {
  revision = 7;
  /** Whole answers are of the beginning alone: what was changed is told by deltas. */
  #changed = undefined;
  /** What manifests say beside. */
  members = {};
  /** Whether the body is another one than that which holders have: then they get all of it. */
  rewritten = false;

  constructor(body = WHOLE) {
    this.body = body;
    this.state = this.#name();
  }

  #name() {
    return digest(this.body).toString("base64url");
  }

  full(more = {}) {
    return frame(this.body, { ...this.members, kind: "full", revision: 7, state: this.#name() }, more);
  }

  /** From now on a delta follows. */
  change() {
    const previous = this.state;
    this.revision = 8;
    this.state = digest(Buffer.from(previous, "base64url"), digest(DELTA)).toString("base64url");
    this.#changed = { kind: "delta", revision: 8, from: 7, previous, state: this.state };
  }

  /** What follows a state: the change, or nothing but a later end. */
  since(state, more = {}) {
    if (this.rewritten) return this.full(more);
    if (state !== this.state && this.#changed !== undefined) return frame(DELTA, { ...this.members, ...this.#changed }, more);
    const { revision } = this;
    return frame(NOTHING, { ...this.members, kind: "delta", revision, from: revision, previous: this.state, state: this.state }, more);
  }
}

export const BETH = { user: "user:beth", relation: "can_read", object: "document:plan" };
export const CARL = { ...BETH, user: "user:carl" };
