import { can, withAuth } from "sentinel-edge/next";

/** Asks the server. */
export const GET = withAuth(async (request, user, { params }) => Response.json(await can("view", `note:${(await params).id}`)));
