// What WebAssembly asks of the platform on a request's way. Nothing is decided here.

const { subtle } = crypto;

export const importKey = (jwk, parameters) => subtle.importKey("jwk", JSON.parse(jwk), parameters, false, ["verify"]);

export const verify = (parameters, key, signature, signed) => subtle.verify(parameters, key, signature, signed);
