// app/login/page.js
import { safeReturnPath } from "sentinel-edge/client";

export default async function Page({ searchParams }) {
  return <p>return to {safeReturnPath((await searchParams).returnTo)}</p>;
}
