import { ANY, SentinelError, createVerifier } from "sentinel-edge";

const { options, good, bad } = JSON.parse(process.env.CASE!);
const verifier = createVerifier(options);

const { claims } = await verifier.verify(good);
const subject: string | undefined = claims.sub;

let refused = "accepted";
try {
  verifier.verifySync(bad);
} catch (error) {
  if (!(error instanceof SentinelError)) throw error;
  // A closed list: a code that does not exist would not compile.
  if (error.code === "signature_invalid") refused = error.code;
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

console.log(JSON.stringify({ subject, refused, sync: verifier.verifySync(good).claims.sub }));
