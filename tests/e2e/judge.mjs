// What Node, workerd and Chromium each run, unchanged: one token in, a decision and its time out.
import { SentinelError, createVerifier } from "sentinel-edge";

const verifiers = new Map();

export async function judge({ token, ...options }) {
  const name = JSON.stringify(options);
  const fresh = !verifiers.has(name);
  // `./web` makes its verifiers asynchronously: the module's file is still to come.
  if (fresh) verifiers.set(name, await createVerifier(options));
  const start = performance.now();
  const answer = await decision(verifiers.get(name), token);
  return { ...answer, ms: performance.now() - start, fetchedKeys: fresh };
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
