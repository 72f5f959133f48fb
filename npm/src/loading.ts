import { unavailable } from "./errors.js";

/** Loads a module with the first call, so that importing costs nothing; a load that failed is tried again by the next one. */
export function loading(load: () => WebAssembly.Module | Promise<WebAssembly.Module>): () => Promise<WebAssembly.Module> {
  let module: WebAssembly.Module | undefined;
  return async () => {
    try {
      return (module ??= await load());
    } catch (cause) {
      throw unavailable("the WebAssembly module could not be loaded", cause);
    }
  };
}
