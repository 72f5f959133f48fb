// What Node, workerd and Chromium each run, unchanged: one token in, a decision and its time out.
import { SentinelError, createVerifier } from "sentinel-edge";

const verifiers = new Map();
/** What the server's `/revocations` said last. */
let takenBack = [];

export async function judge({ token, now, revocations = [], ...options }) {
  takenBack = revocations;
  const name = JSON.stringify([now, options]);
  const fresh = !verifiers.has(name);
  // `./web` makes its verifiers asynchronously: the module's file is still to come.
  if (fresh) verifiers.set(name, await createVerifier({ ...options, revoked, ...(now && { clock: () => now * 1000 }) }));
  const start = performance.now();
  const answer = await decision(verifiers.get(name), token);
  return { ...answer, ms: performance.now() - start, fetchedKeys: fresh };
}

/** A token goes with its `jti`, with its session, or with all that its user had before. */
function revoked({ claims: { jti, sid, sub, iat } }) {
  const of = { token: () => jti, session: () => sid, user: (at) => iat * 1000 < at && sub };
  return takenBack.some(({ kind, value, at }) => of[kind](at) === value);
}

async function decision(verifier, token) {
  try {
    const { claims } = await verifier.verify(token);
    return { decision: "accepted", subject: claims.sub };
  } catch (error) {
    // Anything but our own error is a fault of the runtime or of ours, never a decision.
    if (!(error instanceof SentinelError)) throw error;
    return { decision: error.code };
  }
}
