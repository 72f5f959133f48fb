import { unavailable } from "../errors.js";
import type * as api from "./api.js";
import { Bundle, type Place } from "./bundle.js";

/**
 * Makes an entry point's `openBundle` of its way to load the module. It is loaded with the first call, so that importing
 * costs nothing; a load that failed is tried again by the next one.
 */
export function open(
  load: () => WebAssembly.Module | Promise<WebAssembly.Module>,
  place: Place,
): (options: api.OpenBundleOptions) => Promise<api.Bundle> {
  let module: WebAssembly.Module | undefined;
  return async (options) => {
    try {
      module ??= await load();
    } catch (cause) {
      throw unavailable("the WebAssembly module could not be loaded", cause);
    }
    return Bundle.open(module, place, options);
  };
}
