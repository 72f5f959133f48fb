import { can, withAuth } from "sentinel-edge/next";

/** Answers `useCan`: all questions of one rendering at once, about whoever asks. */
export const POST = withAuth(async (request) => {
  const { evaluations } = await request.json();
  const decide = async ({ action, resource }) => ({ decision: await can(action.name, `${resource.type}:${resource.id}`) });
  return Response.json({ evaluations: await Promise.all(evaluations.map(decide)) });
});
