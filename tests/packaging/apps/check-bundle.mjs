/** Whether what stands beside it has found its module: revocations that nobody has heard of yet, and a bundle that nobody publishes. */
export async function checkBeside({ createRevocationFeed, SentinelError }, { followBundle }) {
  const feed = await createRevocationFeed();
  const codeOf = (error) => (error.name === "SentinelError" ? error.code : `${error}`);
  let unheard;
  try {
    feed.isRevoked({ jti: "t1" });
  } catch (error) {
    unheard = error instanceof SentinelError ? error.code : `${error}`;
  }
  const bundle = followBundle({ sentinelUrl: "http://127.0.0.1:1", serviceName: "notes", serviceKey: "none" });
  return [unheard, await bundle.of("w1").then(() => "open", codeOf)];
}

/** What every app asks of the bundle entry that it imported: an allow, a deny, and what is past its time. */
export async function checkBundle({ SentinelError, openBundle }, { settings, now, steps }) {
  const bytes = Uint8Array.from(atob(steps[0].open.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
  let clock = now * 1000;
  const bundle = await openBundle({ ...settings, bytes, clock: () => clock });
  const ask = (user) => {
    try {
      return bundle.check({ user, relation: "can_read", object: "document:plan" });
    } catch (error) {
      return error instanceof SentinelError ? error.code : `${error}`;
    }
  };
  const answers = [ask("user:beth"), ask("user:carl")];
  clock = bundle.notAfter;
  return [...answers, ask("user:beth")];
}
