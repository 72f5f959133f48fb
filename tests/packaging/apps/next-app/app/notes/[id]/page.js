// app/notes/[id]/page.js
import { can, requireUser } from "sentinel-edge/next";
import { bundle } from "../../../bundle";

export default async function Page({ params }) {
  const { id } = await params;
  const user = await requireUser();
  return <p>{`${user.email} ${user.workspaceRole} ${await can("view", `note:${id}`, bundle)}`}</p>;
}
