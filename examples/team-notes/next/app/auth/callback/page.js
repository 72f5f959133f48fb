"use client";
import { useRouter } from "next/navigation";
import { LoginCallback, useSentinel } from "sentinel-edge/react";

/** Where a login comes back to. Of several workspaces the user chooses one here. */
export default function Page() {
  const router = useRouter();
  const { fetch } = useSentinel();
  const arrive = async (_user, returnTo) => {
    // For pages that the server renders.
    await fetch("/api/session", { method: "POST" }).catch(() => {});
    router.replace(returnTo);
  };
  return (
    <main className="welcome">
      <h1>Where to?</h1>
      <LoginCallback onSuccess={arrive} loading="One moment …" error={({ code }) => <p role="alert">{code}</p>} />
    </main>
  );
}
