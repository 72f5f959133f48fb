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

/** `openBundle` of `/bundle/slim`, in its own file; `scripts/front-ends.mjs` says which. */
declare module "sentinel:bundle" {
  export const openBundle: (options: import("./bundle/api.js").OpenBundleOptions) => Promise<import("./bundle/api.js").Bundle>;
}

/** `/bundle` by its public name, so that every host finds the one that it can load. */
declare module "sentinel:own-bundle" {
  export const openBundle: import("./bundle/api.js").BundleFunctions["openBundle"];
}

/** And `/revocations` by its own. */
declare module "sentinel:own-revocations" {
  export const createRevocationFeed: import("./revocations/api.js").RevocationFunctions["createRevocationFeed"];
}

/** Whether this is built for `/slim`: WebCrypto alone, and no policy. `scripts/build.mjs` says so. */
declare const SLIM: boolean;

/** What `sentinel-edge/next` uses of Next. Next itself is compared with it where an application is built. */
declare module "next/server.js" {
  export const NextResponse: {
    next(init: { readonly request: { readonly headers: Headers } }): Response;
    redirect(url: string): Response;
    json(body: unknown, init: ResponseInit): Response;
  };
}

declare module "next/headers.js" {
  export function headers(): Promise<Headers>;
  export function cookies(): Promise<{ get(name: string): { readonly value: string } | undefined }>;
}
