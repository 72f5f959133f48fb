/** What every app asks of the package it imported: a real token, the same one with a changed payload, and what it allows. */
export async function check(sentinel, { options: { rules, ...options }, good, bad }) {
  const { SentinelError, createVerifier } = sentinel;
  const codeOf = (error) => (error instanceof SentinelError ? error.code : Promise.reject(error));
  // The small entries know no policy.
  const decides = "createTokenPair" in sentinel;
  // `./web` makes its verifiers asynchronously: the module's file is still to come.
  const verifier = await createVerifier(decides ? { ...options, rules } : options);
  const subject = ({ claims }) => claims.sub;
  const checked = {
    // First, before anything is known of these tokens.
    goodSync: await attempt(() => subject(verifier.verifySync(good))).catch(codeOf),
    badSync: await attempt(() => subject(verifier.verifySync(bad))).catch(codeOf),
    good: await verifier.verify(good).then(subject),
    bad: await verifier.verify(bad).then(subject, codeOf),
  };
  if (!decides) return checked;
  const verified = await verifier.verify(good);
  const reason = (method, who) => verifier.decide({ method, path: "/notes/7" }, who).reason;
  return { ...checked, decisions: [reason("GET", verified), reason("GET", null), reason("PUT", verified)] };
}

const attempt = async (ask) => ask();
