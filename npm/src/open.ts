import type * as api from "./api.js";
import { hostCrypto } from "./backends.js";
import { Engine } from "./engine.js";
import { SentinelError, unavailable } from "./errors.js";
import { type Runtime, Verifier } from "./verifier.js";

/** What differs between the places where this package runs. */
interface Place {
  /** Whether a request may wait for what another one fetches: not so in Workers. */
  readonly shared: boolean;
}

/**
 * Makes an entry point's `createVerifier` of its way to load the module.
 *
 * The module starts with the first verifier, so that importing costs nothing and a failure is a `SentinelError` there.
 */
export function open(load: () => WebAssembly.Module, place: Place): (options: api.VerifierOptions) => api.Verifier {
  let runtime: Runtime | undefined;
  return (options) => new Verifier((runtime ??= start(load, place)), options);
}

/** As `open`, for a module that takes time to load. A load that failed is tried again by the next call. */
export function openAsync(
  load: () => Promise<WebAssembly.Module>,
  place: Place,
): (options: api.VerifierOptions) => Promise<api.Verifier> {
  let starting: Promise<Runtime> | undefined;
  const begin = async () => {
    const module = await load();
    return start(() => module, place);
  };
  return async (options) => {
    starting ??= begin();
    let runtime: Runtime;
    try {
      runtime = await starting;
    } catch (cause) {
      starting = undefined;
      throw refused(cause);
    }
    return new Verifier(runtime, options);
  };
}

function start(load: () => WebAssembly.Module, { shared }: Place): Runtime {
  try {
    const host = hostCrypto();
    const engine = new Engine(load(), host);
    return {
      engine,
      host,
      // Asked for late: Node loads it with the first access.
      get subtle() {
        return globalThis.crypto?.subtle;
      },
      pure: engine.pure,
      shared,
    };
  } catch (cause) {
    throw refused(cause);
  }
}

function refused(cause: unknown): SentinelError {
  return cause instanceof SentinelError ? cause : unavailable("the WebAssembly module could not be loaded", cause);
}
