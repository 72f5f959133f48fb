// Our signatures in pure WASM where the host has faster ones: what a browser runs when it is asked synchronously, in Node.
import { readFileSync } from "node:fs";
import { harness } from "../../../npm/dist-test/testing.js";
import { options } from "./options.mjs";

const module = new WebAssembly.Module(readFileSync(new URL("../../../npm/dist-test/full.wasm", import.meta.url)));

export function make(data) {
  const verifier = harness(module, "pure").createVerifier(options(data));
  return { "sentinel, pure WASM": (token) => verifier.verifySync(token).claims };
}
