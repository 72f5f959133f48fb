import { ANY, SentinelError, createVerifier, type ErrorCode, type VerifiedToken, type Verifier, type VerifierOptions } from "sentinel-edge";

const input = JSON.parse(process.env.CASE!);
const options: VerifierOptions = input.options;
const verifier: Verifier = createVerifier(options);

const { claims }: VerifiedToken = await verifier.verify(input.good);
const good: string | undefined = claims.sub;

function refusal(token: string): ErrorCode | "accepted" {
  try {
    verifier.verifySync(token);
    return "accepted";
  } catch (error) {
    if (error instanceof SentinelError) return error.code;
    throw error;
  }
}

export function neverCalled() {
  // @ts-expect-error issuer and audience must be named, even to accept any
  createVerifier({ jwksUrl: "https://issuer.example/jwks" });
  // @ts-expect-error no such algorithm
  createVerifier({ issuer: ANY, audience: ANY, algorithms: ["none"], jwksUrl: "https://issuer.example/jwks" });
  // @ts-expect-error where are the keys?
  createVerifier({ issuer: ANY, audience: ANY });
  // @ts-expect-error a token is a string
  verifier.verifySync(undefined);
}

const bad = refusal(input.bad);
// A closed list: a code that does not exist would not compile here.
if (bad !== "signature_invalid") throw new Error(bad);

console.log(JSON.stringify({ good, bad, goodSync: verifier.verifySync(input.good).claims.sub, badSync: bad }));
