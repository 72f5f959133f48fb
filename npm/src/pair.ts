import type * as api from "./api.js";
import { misconfigured } from "./errors.js";
import { deskOf, stillText, textOf, Verifier } from "./verifier.js";

/** Two tokens, of which the module has said that they belong together. */
class VerifiedPair implements api.VerifiedPair {
  constructor(
    readonly identity: api.Identity,
    readonly identityToken: api.VerifiedToken,
    readonly authorizationToken: api.VerifiedToken,
  ) {}
}

class TokenPair implements api.TokenPair {
  constructor(
    readonly identity: Verifier,
    readonly authorization: Verifier,
    readonly service: string,
  ) {}

  async verify(identityToken: string, authorizationToken: string): Promise<VerifiedPair> {
    return this.#bind(await this.identity.verify(identityToken), await this.authorization.verify(authorizationToken));
  }

  verifySync(identityToken: string, authorizationToken: string): VerifiedPair {
    return this.#bind(this.identity.verifySync(identityToken), this.authorization.verifySync(authorizationToken));
  }

  decide(request: api.RouteRequest, pair: api.VerifiedPair | null, options?: api.DecideOptions): api.Decision {
    if (pair === null) return this.authorization.decide(request, null);
    const identity = stillText(this.identity, pair.identityToken);
    const authorization = stillText(this.authorization, pair.authorizationToken);
    // Never one of the two alone: without an identity token the module would take the other for a token of its own.
    if (!identity || !authorization) return this.authorization.decide(request, null);
    return this.#about(identity, authorization, request, options) as api.Decision;
  }

  #bind(identityToken: api.VerifiedToken, authorizationToken: api.VerifiedToken): VerifiedPair {
    const [theirs, ours] = [textOf(this.identity, identityToken), textOf(this.authorization, authorizationToken)];
    const identity = this.#about(theirs, ours) as api.Identity;
    return new VerifiedPair(identity, identityToken, authorizationToken);
  }

  /** Core binds the two tokens each time: what is handed in here need not be a pair that was bound before. */
  #about(identityToken: string, authorizationToken: string, request?: api.RouteRequest, options?: api.DecideOptions): unknown {
    const ours = deskOf(this.authorization);
    const pair = { desk: deskOf(this.identity).desk, token: identityToken, service: this.service };
    return ours.desk._about({ token: authorizationToken, pair }, ours.now, request, options);
  }
}

/** Binds two verifiers of one entry point into one for pairs of tokens. */
export function createTokenPair({ identity, authorization, service }: api.TokenPairOptions): api.TokenPair {
  if (!(identity instanceof Verifier) || !(authorization instanceof Verifier) || typeof service !== "string") {
    throw misconfigured("a token pair needs two verifiers and the name of this service");
  }
  if (deskOf(identity).desk.engine !== deskOf(authorization).desk.engine) {
    throw misconfigured("both verifiers must come from one entry point");
  }
  return new TokenPair(identity, authorization, service);
}
