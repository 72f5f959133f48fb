// The published entry points, by the names that users import.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import * as esm from "sentinel-edge";
import * as slim from "sentinel-edge/slim";
import * as web from "sentinel-edge/web";
import { jwks, keys, refusal, settings, sign } from "./support.mjs";

const require = createRequire(import.meta.url);
const options = () => settings({ jwks: jwks(keys("ES256")) });

test("import and require", async () => {
  for (const entry of [esm, require("sentinel-edge")]) {
    assert.deepEqual(Object.keys(entry).sort(), ["ANY", "SentinelError", "createTokenPair", "createVerifier"]);
    const verifier = entry.createVerifier(options());
    assert.equal((await verifier.verify(sign("ES256"))).claims.sub, "u1");
    assert.equal(verifier.verifySync(sign("ES256")).identity.userId, "u1");
    await assert.rejects(verifier.verify("x"), (error) => error instanceof entry.SentinelError && error instanceof Error);
  }
});

test("the guards and clients of services, imported and required", async () => {
  const entries = {
    workers: ["SentinelError", "sentinelFetch", "sentinelHono"],
    server: [
      "RequestError",
      "SentinelError",
      "createAuthZenClient",
      "createPermissionsClient",
      "createRolesClient",
      "followRevocations",
      "sentinelExpress",
      "sentinelFastify",
      "sentinelOf",
    ],
  };
  const verifier = esm.createVerifier({ ...options(), rules: [{ method: "GET", path: "/notes", allow: "authenticated" }] });
  for (const [name, exported] of Object.entries(entries)) {
    for (const entry of [await import(`sentinel-edge/${name}`), require(`sentinel-edge/${name}`)]) {
      assert.deepEqual(Object.keys(entry).sort(), exported);
      if (name !== "workers") continue;
      const handler = entry.sentinelFetch({ verifier }, (request, { identity }) => new Response(identity.userId));
      const ask = (headers) => handler(new Request("http://localhost/notes", { headers }));
      assert.equal(await (await ask({ authorization: `Bearer ${sign("ES256")}` })).text(), "u1");
      assert.equal((await ask({})).status, 401);
    }
  }
});

test("ANY is the same in every copy", async () => {
  const { createVerifier } = require("sentinel-edge");
  await createVerifier({ ...options(), issuer: esm.ANY, audience: slim.ANY }).verify(sign("ES256", { claims: { iss: "x" } }));
});

test("slim verifies with WebCrypto, and knows no policy", async () => {
  for (const entry of [slim, require("sentinel-edge/slim")]) {
    assert.deepEqual(Object.keys(entry).sort(), ["ANY", "SentinelError", "createVerifier"]);
    for (const algorithm of ["RS256", "PS256", "ES256", "ES384", "ES512", "HS256"]) {
      const source = algorithm === "HS256" ? { secret: new Uint8Array(keys(algorithm).secret) } : { jwks: jwks(keys(algorithm)) };
      const verifier = entry.createVerifier(settings({ ...source, algorithms: [algorithm] }));
      const verified = await verifier.verify(sign(algorithm));
      assert.equal(verified.claims.sub, "u1");
      const other = sign(algorithm, { pair: keys(algorithm, "another") });
      assert.equal(await refusal(() => verifier.verify(other)), "signature_invalid");
      assert.equal(await refusal(() => verifier.verify(sign(algorithm, { claims: { exp: 1 } }))), "token_expired");
      assert.equal(await refusal(() => verifier.verifySync(sign(algorithm, { claims: { sub: "u2" } }))), "algorithm_unavailable");
      assert.throws(() => verified.identity, { code: "configuration_invalid" });
      assert.throws(() => verifier.decide({ method: "GET", path: "/" }, verified), { code: "configuration_invalid" });
    }
    for (const policy of [{ rules: [] }, { profile: "oidc" }, { allowedWorkspaces: ["w"] }, { roleOrder: ["a"] }]) {
      assert.equal(await refusal(() => entry.createVerifier({ ...options(), ...policy })), "configuration_invalid");
    }
    await assert.rejects(entry.createVerifier(options()).verify("x"), { message: "token malformed" });
  }
});

test("web refuses where its module cannot be fetched, and tries again", async () => {
  // Node's fetch does not read files: a browser without the file beside the script is no better off.
  for (let index = 0; index < 2; index += 1) {
    assert.equal(await refusal(() => web.createVerifier(options())), "unavailable");
  }
});

test("what is published: entry points by condition, in this order, with their types", async () => {
  const root = new URL("../", import.meta.url);
  const { exports, files, sideEffects } = JSON.parse(await readFile(new URL("package.json", root), "utf8"));
  assert.deepEqual(Object.keys(exports["."]), ["workerd", "edge-light", "import", "require", "default"]);
  assert.deepEqual(Object.keys(exports["./slim"]), Object.keys(exports["."]));
  assert.deepEqual(files, ["dist"]);
  const named = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(named));
  for (const file of new Set(named(exports))) await readFile(new URL(file, root));
  assert.ok(sideEffects.length > 0);
  const workerd = await readFile(new URL("dist/workerd.js", root), "utf8");
  assert.match(workerd, /from\s*"\.\/sentinel\.wasm"/);
  assert.match(await readFile(new URL("dist/edge-light.js", root), "utf8"), /from\s*"\.\/sentinel\.wasm\?module"/);
  assert.match(await readFile(new URL("dist/web.js", root), "utf8"), /new URL\("\.\/sentinel\.wasm",\s*import\.meta\.url\)/);
  for (const name of ["inline.js", "inline.cjs", "workerd.js", "edge-light.js", "web.js"]) {
    const text = await readFile(new URL(`dist/${name}`, root), "utf8");
    assert.doesNotMatch(text, /\beval\(|new Function|import\("node:|require\("node:|from"node:/, name);
  }
});
