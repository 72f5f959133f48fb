// What Node, workerd and Chromium each run, unchanged: one token in, a decision and its time out.
import { SentinelError, createVerifier } from "sentinel-edge";

const verifiers = new Map();
/** What the server's `/revocations` said last. */
let takenBack = [];

export async function judge({ token, now, revocations, ...options }) {
  takenBack = revocations?.revocations ?? [];
  const name = JSON.stringify([now, options]);
  const fresh = !verifiers.has(name);
  // `./web` makes its verifiers asynchronously: the module's file is still to come.
  if (fresh) verifiers.set(name, await createVerifier({ ...options, revoked, ...(now && { clock: () => now * 1000 }) }));
  const start = performance.now();
  const answer = await decision(verifiers.get(name), token);
  return { ...answer, ms: performance.now() - start, fetchedKeys: fresh };
}

/** A token goes with its `jti`, with its session, or with all that was given before. */
function revoked({ claims: { jti, sid, sub, wid, iat } }) {
  const named = { token: jti, session: sid, user: sub, member: `${sub}/${wid}`, workspace: wid, all: "" };
  return takenBack.some(({ kind, value, at }) => {
    if (!(kind in named)) throw new Error(`a revocation of an unknown kind: ${kind}`);
    return named[kind] === value && (kind === "token" || kind === "session" || iat * 1000 < at);
  });
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
