// For our own tests and the conformance runners; not published. See test/README.md.
import type * as api from "./api.js";
import { hostCheck, hostCrypto, webCheck } from "./backends.js";
import { type Algorithm, ALGORITHMS, ERROR_CODES, REASONS } from "./codes.js";
import { Engine, Status } from "./engine.js";
import { SentinelError } from "./errors.js";
import { ANY, type TestSettings } from "./setup.js";
import { deskOf, type Runtime, Verifier } from "./verifier.js";

export * from "./index.js";
export { ALGORITHMS, Engine, ERROR_CODES, REASONS, Verifier };
export { RemoteKeys } from "./jwks.js";
export { Kept } from "./kept.js";
export { Reader } from "./token.js";

export type Backend = "host" | "webcrypto" | "pure";

/** The backends that this host has. */
export function backends(): Backend[] {
  return hostCrypto() === undefined ? ["webcrypto", "pure"] : ["host", "webcrypto", "pure"];
}

/** Verifiers that use one backend and no other. */
export function harness(module: WebAssembly.Module, backend: Backend) {
  const engine = new Engine(module);
  const runtime: Runtime = {
    engine,
    host: backend === "host" ? hostCrypto() : undefined,
    subtle: backend === "webcrypto" ? globalThis.crypto.subtle : undefined,
    pure: backend === "pure",
    shared: true,
  };
  if (backend === "host" && runtime.host === undefined) throw new Error("there is no synchronous crypto here");
  const createVerifier = (options: api.VerifierOptions, test: TestSettings = {}) => new Verifier(runtime, options, test);

  /** Whether a bare signature holds for the one key of a JWK Set. Rejects where the key is refused. */
  async function verifySignature(
    algorithm: Algorithm,
    jwks: api.JsonWebKeySet,
    data: Uint8Array<ArrayBuffer>,
    signature: Uint8Array<ArrayBuffer>,
  ): Promise<boolean> {
    const settings: api.VerifierSettings = { issuer: ANY, audience: ANY, algorithms: [algorithm] };
    const { desk } = deskOf(createVerifier({ ...settings, jwks }, { bytes: true, secrets: true }));
    const material = desk._material(0);
    engine._reserve(data.length + signature.length);
    engine.input.set(data);
    engine.input.set(signature, data.length);
    const number = ALGORITHMS.indexOf(algorithm);
    const ask = backend === "pure";
    const status = engine.call((exports) =>
      exports.signature!(desk.handle, number, data.length, signature.length, ask),
    );
    if (status !== Status.Accepted) {
      const refusal = engine._refusal();
      if (refusal.code === "signature_invalid") return false;
      throw refusal;
    }
    if (runtime.host !== undefined) {
      let check;
      try {
        check = hostCheck(runtime.host, algorithm, material);
      } catch {
        throw new SentinelError("algorithm_unavailable", "the host's crypto lacks the algorithm here");
      }
      return check(data, signature);
    }
    if (runtime.subtle === undefined) return true;
    const check = await webCheck(runtime.subtle, algorithm, material);
    if (check === undefined) throw new SentinelError("algorithm_unavailable", "WebCrypto lacks the algorithm here");
    return check(data, signature);
  }

  return { engine, createVerifier, verifySignature };
}
