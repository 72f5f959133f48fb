import { loading } from "../loading.js";
import type * as api from "./api.js";
import { Bundle, type Place } from "./bundle.js";

/** Makes an entry point's `openBundle` of its way to load the module. */
export function open(
  load: () => WebAssembly.Module | Promise<WebAssembly.Module>,
  place: Place,
): (options: api.OpenBundleOptions) => Promise<api.Bundle> {
  const module = loading(load);
  return async (options) => Bundle.open(await module(), place, options);
}
