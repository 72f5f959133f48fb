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

/** A publisher of one workspace: beth may read `document:plan`, carl may not, until `change` lets him. */
export class Publisher {
  revision = 7;
  state = digest(WHOLE).toString("base64url");
  /** Whole answers are of the beginning alone: what was changed is told by deltas. */
  #changed = undefined;
  /** What manifests say beside. */
  members = {};

  full(more = {}) {
    return frame(WHOLE, { ...this.members, kind: "full", revision: 7, state: digest(WHOLE).toString("base64url") }, more);
  }

  /** From now on a delta follows. */
  change() {
    const previous = digest(WHOLE);
    this.revision = 8;
    this.state = digest(previous, digest(DELTA)).toString("base64url");
    this.#changed = { kind: "delta", revision: 8, from: 7, previous: previous.toString("base64url"), state: this.state };
  }

  /** What follows a state: the change, or nothing but a later end. */
  since(state, more = {}) {
    if (state !== this.state && this.#changed !== undefined) return frame(DELTA, this.#changed, more);
    const { revision } = this;
    return frame(NOTHING, { kind: "delta", revision, from: revision, previous: this.state, state: this.state }, more);
  }
}

export const BETH = { user: "user:beth", relation: "can_read", object: "document:plan" };
export const CARL = { ...BETH, user: "user:carl" };
