import { headers } from "next/headers";

export default async function Page() {
  return <p>Hello {(await headers()).get("x-subject")}</p>;
}
