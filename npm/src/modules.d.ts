declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}

declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}

/** The module's bytes; `scripts/build.mjs` puts them there. */
declare module "sentinel:inline" {
  const bytes: () => Uint8Array<ArrayBuffer>;
  export default bytes;
}

/** Whether this is built for `/slim`: WebCrypto alone, and no policy. `scripts/build.mjs` says so. */
declare const SLIM: boolean;
