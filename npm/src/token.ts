import type { Claims, Header, Identity } from "./claims.js";

/** The verifier that accepted a token. */
export interface Reader {
  identify(token: string): Identity;
}

const decoder = new TextDecoder();

/**
 * A token whose signature held and whose claims were accepted. Only a verifier makes one.
 *
 * Each result reads its own copy of the claims when they are first asked for: who changes one changes no other.
 */
export class VerifiedToken {
  // The core accepted exactly this text: strict base64url and strict JSON without duplicate members,
  // which every parser reads alike (RFC 7515 §5.2, RFC 8725 §2.4).
  readonly #text: string;
  readonly #reader: Reader;
  #claims: Claims | undefined;
  #header: Header | undefined;
  #identity: Identity | undefined;

  /** @internal */
  constructor(text: string, reader: Reader) {
    this.#text = text;
    this.#reader = reader;
  }

  /** The claims set. */
  get claims(): Claims {
    return (this.#claims ??= this.#part(1) as Claims);
  }

  /** The JOSE header. */
  get header(): Header {
    return (this.#header ??= this.#part(0) as Header);
  }

  /** Whom the token speaks for, read by the verifier's profile. Throws where the profile finds nobody in it. */
  get identity(): Identity {
    return (this.#identity ??= this.#reader.identify(this.#text));
  }

  #part(index: 0 | 1): unknown {
    return JSON.parse(decoder.decode(decode(this.#text.split(".", 2)[index]!)));
  }

  /** The text of a token, if this verifier made it of one that it accepted. @internal */
  static textOf(token: unknown, reader: Reader): string | undefined {
    return token instanceof VerifiedToken && #reader in token && token.#reader === reader ? token.#text : undefined;
  }
}

/** base64url of text that the core accepted as such. */
function decode(text: string): Uint8Array {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
