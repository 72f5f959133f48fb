import { cookies } from "next/headers";
import Link from "next/link";
import { can, requireUser } from "sentinel-edge/next";

/** One note, rendered by the server: for printing, and for links. */
export default async function Page({ params }) {
  const { id } = await params;
  const user = await requireUser();
  const jar = await cookies();
  const response = await fetch(`${process.env.GATEWAY_URL}/api/notes/${encodeURIComponent(id)}`, {
    headers: {
      authorization: `Bearer ${jar.get("sentinel_access_token")?.value}`,
      "x-authz-token": jar.get("sentinel_authz_token")?.value ?? "",
    },
    cache: "no-store",
  });
  if (!response.ok) {
    return (
      <main>
        <p role="alert">{response.status === 403 ? "This note is not shared with you." : "There is no such note."}</p>
      </main>
    );
  }
  const { title, text } = await response.json();
  const mayEdit = await can("edit", `note:${id}`);
  return (
    <main className="print">
      <h1>{title}</h1>
      <p>{text}</p>
      <footer>
        {user.email} {mayEdit ? "may edit" : "reads"} this note. <Link href="/">All notes</Link>
      </footer>
    </main>
  );
}
