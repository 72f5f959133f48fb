import type { RevocableClaims } from "../bundle/api.js";
import { Instance, Kind } from "../bundle/instance.js";
import type * as api from "./api.js";

/** The server's feed of revocations in an instance of the module, which reads it and decides. */
export class RevocationFeed implements api.RevocationFeed {
  readonly #instance: Instance;
  after = "0";
  epoch: string | undefined;

  constructor(module: WebAssembly.Module) {
    this.#instance = new Instance(module);
  }

  read(answer: Uint8Array, now: number): boolean {
    const { complete, after, epoch } = this.#instance.feed(answer, now / 1000);
    this.after = after;
    this.epoch = epoch;
    return complete;
  }

  isRevoked({ jti, sid, sub, wid, iat }: RevocableClaims): boolean {
    return this.#instance.asks(Kind.RevokedByFeed, { jti, sid, sub, wid, iat }, 0, -1);
  }

  close(): void {
    this.#instance.close();
  }
}
