/** What every app asks of the package it imported: a real token, and the same one with a changed payload. */
export async function check({ SentinelError, createVerifier }, { options, good, bad }) {
  const codeOf = (error) => (error instanceof SentinelError ? error.code : Promise.reject(error));
  // `./web` makes its verifiers asynchronously: the module's file is still to come.
  const verifier = await createVerifier(options);
  const subject = ({ claims }) => claims.sub;
  return {
    // First, before anything is known of these tokens.
    goodSync: await attempt(() => subject(verifier.verifySync(good))).catch(codeOf),
    badSync: await attempt(() => subject(verifier.verifySync(bad))).catch(codeOf),
    good: await verifier.verify(good).then(subject),
    bad: await verifier.verify(bad).then(subject, codeOf),
  };
}

const attempt = async (ask) => ask();
