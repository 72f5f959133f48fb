import type * as api from "./api.js";
import { PolicyEngine } from "./engine.js";
import { failed } from "./errors.js";

const unloaded = (cause: unknown) => failed("the WebAssembly module could not be loaded", cause);

/** Loads the module with the first call, so that importing costs nothing and a failure is an error there. */
export function loading(load: () => WebAssembly.Module): () => WebAssembly.Module {
  let module: WebAssembly.Module | undefined;
  return () => {
    try {
      return (module ??= load());
    } catch (cause) {
      throw unloaded(cause);
    }
  };
}

/** As `loading`, for a module that takes time to load. A load that failed is tried again by the next call. */
export function loadingAsync(load: () => Promise<WebAssembly.Module>): () => Promise<WebAssembly.Module> {
  let module: Promise<WebAssembly.Module> | undefined;
  return async () => {
    try {
      return await (module ??= load());
    } catch (cause) {
      module = undefined;
      throw unloaded(cause);
    }
  };
}

/** Makes the function of `/policy/slim` of an entry point's way to load the module. */
export function openEngine(load: () => WebAssembly.Module): Pick<api.PolicyFunctions, "createPolicyEngine"> {
  const module = loading(load);
  return { createPolicyEngine: (options) => new PolicyEngine(module(), options) };
}

/** As `openEngine`, for a module that takes time to load. */
export function openEngineAsync(load: () => Promise<WebAssembly.Module>): Pick<api.AsyncPolicyFunctions, "createPolicyEngine"> {
  const module = loadingAsync(load);
  return { createPolicyEngine: async (options) => new PolicyEngine(await module(), options) };
}
