/** What a route knows of who asks. */
export const answer = (route, method, { identity, verified, decision }, headers) => ({
  route,
  method,
  user: identity?.userId ?? null,
  role: identity?.role ?? null,
  verified: verified !== null,
  reason: decision.reason,
  said: [...headers.keys()].filter((name) => /sentinel|method/i.test(name)),
});
