import { requireRole } from "sentinel-edge/next";

async function act() {
  "use server";
  const { email } = await requireRole("admin");
  globalThis.acted = email;
}

export default function Page() {
  return (
    <form action={act}>
      <p>{`acted: ${globalThis.acted}`}</p>
      <button>Act</button>
    </form>
  );
}
