// The types, tested by the compiler: `npm run types`. What must not compile says so with @ts-expect-error.
import {
  type Algorithm,
  ANY,
  type Claims,
  createTokenPair,
  createVerifier,
  type Decision,
  type ErrorCode,
  type Identity,
  type Reason,
  SentinelError,
  type VerifiedToken,
  type Verifier,
} from "sentinel-edge";
import * as client from "sentinel-edge/client";
import * as next from "sentinel-edge/next";
import * as react from "sentinel-edge/react";
import * as slim from "sentinel-edge/slim";
import * as web from "sentinel-edge/web";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <T extends true>(): T => true as T;

const jwks = { keys: [{ kty: "RSA", n: "…", e: "AQAB", kid: "1" }] };
const base = { issuer: "https://login.example.com", audience: "my-service" };

const verifier = createVerifier({ ...base, jwks });
is<Equal<typeof verifier, Verifier>>();
is<Equal<ReturnType<typeof verifier.verify>, Promise<VerifiedToken>>>();
is<Equal<ReturnType<typeof verifier.verifySync>, VerifiedToken>>();
is<Equal<ReturnType<typeof web.createVerifier>, Promise<Verifier>>>();

createVerifier({ issuer: ANY, audience: [base.audience, "other"], jwksUrl: "https://login.example.com/jwks" });
createVerifier({ ...base, jwksUrl: new URL("https://login.example.com/jwks"), jwksOptions: { timeout: 1000 } });
createVerifier({ ...base, pem: "-----BEGIN PUBLIC KEY-----", algorithms: ["RS256"] });
createVerifier({ ...base, secret: new Uint8Array(32), algorithms: ["HS256"], leeway: 5 });
createVerifier({
  ...base,
  jwks,
  profile: { userId: "sub", role: ["realm_access", "roles"] },
  roleOrder: ["viewer", "admin"],
  rules: [
    { method: "GET", path: "/health", allow: "public" },
    { method: ["PUT", "PATCH"], path: "/docs/:id", allow: { role: "admin" }, workspaces: ["w1"] },
    { method: "*", path: "/export", allow: { anyAction: ["notes:export", "notes:read"] } },
    { method: "GET", path: "/notes/:id", allow: { relation: "viewer", object: "note:{id}", role: "viewer" } },
  ],
  revoked: async ({ claims }) => claims.jti === "t1",
});

// @ts-expect-error an issuer must be said, or explicitly left out
createVerifier({ audience: "a", jwks });
// @ts-expect-error and so must an audience
createVerifier({ issuer: "i", jwks });
// @ts-expect-error undefined is not a way to leave it out
createVerifier({ issuer: undefined, audience: "a", jwks });
// @ts-expect-error keys must come from somewhere
createVerifier(base);
// @ts-expect-error a misspelt option
createVerifier({ ...base, jwks, audeince: "a" });
// @ts-expect-error there is no such algorithm
createVerifier({ ...base, jwks, algorithms: ["none"] });
// @ts-expect-error a secret is bytes
createVerifier({ ...base, secret: "text" });
// @ts-expect-error there is no such allowance
createVerifier({ ...base, jwks, rules: [{ method: "GET", path: "/", allow: "everyone" }] });
// @ts-expect-error nobody makes a verified token but a verifier
const forged: VerifiedToken = new VerifiedToken();

async function use(verifier: Verifier): Promise<void> {
  const { claims, header, identity } = await verifier.verify("token");
  is<Equal<typeof claims, Claims>>();
  is<Equal<typeof claims.sub, string | undefined>>();
  is<Equal<(typeof claims)["anything"], unknown>>();
  is<Equal<typeof header.alg, Algorithm>>();
  is<Equal<typeof identity, Identity>>();
  // @ts-expect-error claims are for reading
  claims.sub = "root";
  const decision = verifier.decide({ method: "GET", url: "/docs/7" }, null);
  is<Equal<typeof decision, Decision>>();
  is<Equal<typeof decision.reason, Reason>>();
  verifier.decide(new Request("https://api.example.com/"), await verifier.verify("token"));
  // @ts-expect-error a token that was not verified
  verifier.decide({ method: "GET", path: "/" }, "token");
  verifier.updateKeys({ jwks });
  // @ts-expect-error a URL is given once
  verifier.updateKeys({ jwksUrl: "https://login.example.com/jwks" });

  const pair = createTokenPair({ identity: verifier, authorization: verifier, service: "notes" });
  const both = await pair.verify("identity token", "authorization token");
  is<Equal<typeof both.identity, Identity>>();
  pair.decide({ method: "GET", path: "/" }, both);
}

function refused(error: unknown): ErrorCode | undefined {
  if (!(error instanceof SentinelError)) return undefined;
  is<Equal<typeof error.code, ErrorCode>>();
  is<Equal<typeof error.claim, string | undefined>>();
  switch (error.code) {
    case "token_expired":
      return error.code;
    // @ts-expect-error there is no such code
    case "expired":
      return error.code;
    default:
      return undefined;
  }
}

const small = slim.createVerifier({ ...base, jwks, algorithms: ["ES256"] });
is<Equal<typeof small, slim.Verifier>>();
// @ts-expect-error no policy in there
slim.createVerifier({ ...base, jwks, rules: [] });
// @ts-expect-error no PEM in there
slim.createVerifier({ ...base, pem: "-----BEGIN PUBLIC KEY-----" });
// @ts-expect-error nor decisions
small.decide({ method: "GET", path: "/" }, null);

export { forged, refused, use };

const auth: client.SentinelClient = new client.SentinelAuth({ sentinelUrl: "https://auth.example.com", storage: "session" });
const authz = new client.SentinelAuthz({
  sentinelUrl: new URL("https://auth.example.com"),
  idps: { google: client.IdpConfigs.google("id"), own: { clientId: "id", authorizationUrl: "https://login.example.com" } },
});
is<Equal<ReturnType<typeof authz.getUser>, client.SentinelUser | null>>();
is<Equal<ReturnType<typeof auth.fetchJson<{ id: number }>>, Promise<{ id: number }>>>();
const arrival: Promise<client.Arrival | null> = auth.handleCallback();
const decider: client.Decider = client.createDecider(authz, "/api/access");
const path: string = client.safeReturnPath(null);
const failure = (error: unknown) => (error instanceof client.RequestError ? error.response.status === error.status : false);
const local = new client.SentinelLocal({ sentinelUrl: "https://auth.example.com" });
is<Equal<ReturnType<typeof local.changePin>, Promise<client.SentinelUser>>>();
const mustChange: boolean | undefined = local.getUser()?.mustChangePin;
// @ts-expect-error only local accounts have PINs
authz.loginWithPin("ada", "739154");
// @ts-expect-error authz mode must be told of providers
new client.SentinelAuthz({ sentinelUrl: "https://auth.example.com" });
// @ts-expect-error a store that does not exist
new client.SentinelAuth({ sentinelUrl: "https://auth.example.com", storage: "cookie" });
// @ts-expect-error a state is never changed
auth.getState().user = null;
export { arrival, decider, failure, mustChange, path };

const shown: Parameters<typeof react.Guard>[0] = { role: "admin", relation: "viewer", object: "note:7", denied: "no" };
is<Equal<ReturnType<typeof react.useUser>, client.SentinelUser | null>>();
is<Equal<ReturnType<typeof react.useSentinel>["client"], client.SentinelClient>>();
react.SentinelProvider({ client: auth, decider: async ({ relation }) => relation === "viewer" });
react.SentinelProvider({ client: authz, decider });
react.SentinelProvider({ client: local, children: react.PinBanner({ error: ({ code }) => code }) });
// @ts-expect-error a provider is told of a client
react.SentinelProvider({});
// @ts-expect-error a login that succeeds goes somewhere
react.LoginCallback({});
export { shown };

const proxy: (request: next.ProxiedRequest) => Promise<Response> = next.sentinelProxy({ verifier });
next.sentinelMiddleware({ verifier: createTokenPair({ identity: verifier, authorization: verifier, service: "notes" }), pair: true });
is<Equal<ReturnType<typeof next.getUser>, Promise<next.SentinelUser | null>>>();
// @ts-expect-error something has to judge
next.sentinelProxy({});
export { proxy };
