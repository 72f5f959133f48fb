import type * as node from "node:crypto";
import type { Algorithm } from "./codes.js";
import { unavailable } from "./errors.js";
import { builtin } from "./host.js";

/** A key's numbers as the module holds them: modulus and exponent, coordinates, a point, or a secret. */
export interface KeyMaterial {
  readonly _first: Uint8Array;
  readonly _second: Uint8Array;
}

/** Whether a signature over data holds for one key and algorithm. */
export type Check = (data: Uint8Array, signature: Uint8Array) => boolean;
export type AsyncCheck = (data: Uint8Array<ArrayBuffer>, signature: Uint8Array<ArrayBuffer>) => Promise<boolean>;

type Family = "RS" | "PS" | "ES" | "Ed" | "HS";

const family = (algorithm: Algorithm) => algorithm.slice(0, 2) as Family;
const bits = (algorithm: Algorithm) => Number(algorithm.slice(2));
/** RFC 7518 §3.4: each algorithm has its own curve. */
const curve = (algorithm: Algorithm) => `P-${algorithm === "ES512" ? 521 : bits(algorithm)}`;

/** The key as JWK (RFC 7518 §6, RFC 8037 §2), made of what core has checked and of nothing else. */
function jwk(algorithm: Algorithm, { _first: first, _second: second }: KeyMaterial): Record<string, string> {
  switch (family(algorithm)) {
    case "RS":
    case "PS":
      return { kty: "RSA", n: base64url(first), e: base64url(second) };
    case "ES":
      return { kty: "EC", crv: curve(algorithm), x: base64url(first), y: base64url(second) };
    case "Ed":
      return { kty: "OKP", crv: "Ed25519", x: base64url(first) };
    case "HS":
      return { kty: "oct", k: base64url(first) };
  }
}

function base64url(bytes: Uint8Array): string {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_");
}

export type HostCrypto = typeof node;

/** The host's synchronous crypto. */
export function hostCrypto(): HostCrypto | undefined {
  if (SLIM) return undefined;
  const found = builtin<HostCrypto>("node:crypto");
  return typeof found?.verify === "function" ? found : undefined;
}

const NOTHING = new Uint8Array();

/** Prepares a key for the host's crypto; throws where the host lacks it. */
export function hostCheck(host: HostCrypto, algorithm: Algorithm, material: KeyMaterial): Check {
  const hash = `sha${bits(algorithm)}`;
  if (family(algorithm) === "HS") {
    const secret = host.createSecretKey(material._first);
    return (data, signature) => {
      const expected = host.createHmac(hash, secret).update(data).digest();
      return expected.length === signature.length && host.timingSafeEqual(expected, signature);
    };
  }
  const key = host.createPublicKey({ key: jwk(algorithm, material), format: "jwk" });
  switch (family(algorithm)) {
    case "PS": {
      // RFC 7518 §3.5: the salt is as long as the hash.
      const pss = { key, padding: host.constants.RSA_PKCS1_PSS_PADDING, saltLength: bits(algorithm) / 8 };
      // workerd takes no key object with options, and has no PSS in other forms: there this throws, as for a lacking algorithm.
      host.verify(hash, NOTHING, pss, NOTHING);
      return (data, signature) => host.verify(hash, data, pss, signature);
    }
    case "ES": {
      // Options beside the key are what Node documents; workerd reads them from the key object alone, and so does Node.
      const ecdsa = Object.assign(key, { dsaEncoding: "ieee-p1363" });
      return (data, signature) => host.verify(hash, data, ecdsa, signature);
    }
    case "Ed":
      return (data, signature) => host.verify(null, data, key, signature);
    default:
      return (data, signature) => host.verify(hash, data, key, signature);
  }
}

/** Prepares a key for WebCrypto; resolves to `undefined` where the host lacks the algorithm. */
export async function webCheck(
  subtle: SubtleCrypto,
  algorithm: Algorithm,
  material: KeyMaterial,
): Promise<AsyncCheck | undefined> {
  const hash = `SHA-${bits(algorithm)}`;
  const parameters = {
    RS: { name: "RSASSA-PKCS1-v1_5", hash },
    PS: { name: "RSA-PSS", hash, saltLength: bits(algorithm) / 8 },
    ES: { name: "ECDSA", hash, namedCurve: curve(algorithm) },
    Ed: { name: "Ed25519" },
    HS: { name: "HMAC", hash },
  }[family(algorithm)];
  let key: CryptoKey;
  try {
    key = await subtle.importKey("jwk", jwk(algorithm, material), parameters, false, ["verify"]);
  } catch (cause) {
    if (lacks(cause)) return undefined;
    throw unavailable("WebCrypto could not import the key", cause);
  }
  return (data, signature) => subtle.verify(parameters, key, signature, data);
}

/**
 * How hosts say that they do not know an algorithm, a curve or a key: core has checked the key, so what a host does
 * not import it cannot do (workerd answers OperationError to RSA exponents but 3 and 65537).
 */
function lacks(cause: unknown): boolean {
  const { name } = cause as Error;
  return name === "NotSupportedError" || name === "DataError" || name === "SyntaxError" || name === "OperationError";
}
