import { Bundle, type Place } from "../bundle/bundle.js";
import { loading } from "../loading.js";
import type * as api from "./api.js";
import { RevocationFeed } from "./feed.js";

/** Makes an entry point's functions of its way to load the module. */
export function open(load: () => WebAssembly.Module | Promise<WebAssembly.Module>, place: Place): api.RevocationFunctions {
  const module = loading(load);
  return {
    openRevocations: async (options) => Bundle.open(await module(), place, options, "revocations"),
    createRevocationFeed: async () => new RevocationFeed(await module()),
  };
}
