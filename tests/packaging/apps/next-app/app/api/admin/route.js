// app/api/admin/route.js
import { withAuth } from "sentinel-edge/next";

export const GET = withAuth((request, user) => Response.json(user), { role: "admin" });
