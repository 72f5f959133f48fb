/** What every app asks of the package it imported: a real token, and the same one with a changed payload. */
export async function check({ SentinelError, createVerifier }, { options, good, bad }) {
  const verifier = createVerifier(options);
  const { claims } = await verifier.verify(good);
  const refused = await verifier.verify(bad).then(
    () => "accepted",
    (error) => (error instanceof SentinelError ? error.code : Promise.reject(error)),
  );
  return { subject: claims.sub, refused, sync: verifier.verifySync(good).claims.sub };
}
