// The floor of what awaits: the signature alone, by WebCrypto, over bytes that were split and decoded beforehand.
import { parts } from "./parts.mjs";

const algorithms = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  ES256: { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" },
  EdDSA: { name: "Ed25519" },
  HS256: { name: "HMAC", hash: "SHA-256" },
};

const valid = { bare: true };

export async function make({ alg, jwk, tokens }) {
  const algorithm = algorithms[alg];
  const { use, alg: _, ...plain } = jwk;
  const key = await crypto.subtle.importKey("jwk", plain, algorithm, false, ["verify"]);
  const prepared = new Map(tokens.map((token) => [token, parts(token)]));
  return {
    "crypto.subtle": async (token) => {
      const { input, signature } = prepared.get(token);
      if (!(await crypto.subtle.verify(algorithm, key, signature, input))) throw new Error("the signature does not hold");
      return valid;
    },
  };
}
