import { getUser } from "sentinel-edge/next";

export default async function Page() {
  return <p>{JSON.stringify(await getUser())}</p>;
}
