// The ways to verify that a runtime has: each backend alone, with and without crypto in the module, and the entry points as
// they are published.

/**
 * @param testing the package's testing entry (`npm/src/testing.ts`)
 * @param modules the compiled modules: `{ full, slim }`
 * @param entries the published entry points of this runtime: `{ full, slim }`
 * @param policies those of the policy engine: `{ full, slim }`
 * @param bundles those of bundles: `{ full, slim }`
 */
export function waysOf(testing, modules, entries, policies, bundles) {
  const { ANY, ALGORITHMS, ERROR_CODES, backends, harness } = testing;
  const ways = [];
  for (const backend of backends()) {
    for (const variant of ["full", "slim"]) {
      if (variant === "slim" && backend === "pure") continue;
      const name = variant === "full" ? backend : `${backend} (slim)`;
      const { createVerifier, verifySignature } = harness(modules[variant], backend);
      ways.push({
        name,
        takes: () => true,
        answers: ({ keys, bytes, secrets, ...question }) =>
          ask(name, (options) => createVerifier({ ...options, jwks: keys }, { bytes, secrets }), question, ANY, backend !== "webcrypto", bytes),
        // The module without crypto asks the same hosts: raw signatures go through the one with it.
        signature:
          variant === "full"
            ? (...question) => verifySignature(...question).catch(codeOf)
            : undefined,
      });
    }
  }
  for (const [variant, entry] of Object.entries(entries)) {
    const name = `entry point (${variant})`;
    ways.push({
      name,
      // What the published interface has: claims, and secrets only as such.
      takes: ({ bytes, secrets }) => !bytes && !secrets,
      answers: ({ keys, ...question }) =>
        ask(name, (options) => entry.createVerifier({ ...options, jwks: keys }), question, entry.ANY, false, false),
    });
  }
  return { ways, algorithms: ALGORITHMS, codes: ERROR_CODES, policies, bundles };
}

/** Every answer of one verifier: awaited, again (now the token may be known), and at once. */
async function ask(name, create, { token, settings, now }, any, sync, bytes) {
  const answer = async (verify) => {
    try {
      const verified = await verify();
      return { claims: bytes ? undefined : verified.claims };
    } catch (error) {
      return { code: codeOf(error) };
    }
  };
  let verifier;
  try {
    verifier = await create({ issuer: any, audience: any, ...settings, clock: () => now * 1000 });
  } catch (error) {
    return [[name, { code: codeOf(error) }]];
  }
  const answers = [
    [name, await answer(() => verifier.verify(token))],
    [`${name}, asked again`, await answer(() => verifier.verify(token))],
  ];
  if (sync) {
    // A verifier of its own: this one is not to answer from memory.
    const fresh = await create({ issuer: any, audience: any, ...settings, clock: () => now * 1000 });
    answers.push([`${name}, at once`, await answer(() => fresh.verifySync(token))]);
  }
  return answers;
}

/** A refusal has a code. Anything else is a bug of ours: it reaches the report. */
function codeOf(error) {
  if (typeof error?.code !== "string" || error.name !== "SentinelError") throw error;
  return error.code;
}
