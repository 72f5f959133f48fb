"use client";
import { Guard, useSentinel } from "sentinel-edge/react";
import { Notes } from "./notes";

export default function Page() {
  return (
    <Guard loading={<p>One moment …</p>} fallback={<Welcome />} unavailable={<p role="alert">Sentinel cannot be reached: nothing is shown until it can.</p>}>
      <Header />
      <Notes />
    </Guard>
  );
}

function Welcome() {
  const { login } = useSentinel();
  // Who was sent here goes back afterwards. The client takes nothing but a path of this site.
  const logIn = () => login("oidc", { returnTo: new URLSearchParams(location.search).get("returnTo") ?? "/" });
  return (
    <main className="welcome">
      <h1>Team Notes</h1>
      <p>Notes that a team writes, shares and exports.</p>
      <button onClick={logIn}>Log in</button>
    </main>
  );
}

function Header() {
  const { user, logout, fetch } = useSentinel();
  const logOut = async () => {
    await fetch("/api/session", { method: "DELETE" }).catch(() => {});
    await logout();
  };
  return (
    <header>
      <strong>Team Notes</strong>
      <span>
        {user.email} · {user.workspaceSlug} · {user.workspaceRole}
      </span>
      <button onClick={logOut}>Log out</button>
    </header>
  );
}
