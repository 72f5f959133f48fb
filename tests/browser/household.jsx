// A small front end for local accounts, as a user would write one: in strict mode, with the banner that the package brings.
import { SentinelLocal } from "sentinel-edge/client";
import { Guard, PinBanner, SentinelProvider, useSentinel } from "sentinel-edge/react";
import { StrictMode, useState } from "react";

export function makeApp(options) {
  const client = new SentinelLocal({ clock: () => Date.now() + (globalThis.skew ?? 0), ...options });
  Object.assign(window, { client });

  function LogIn() {
    const [error, setError] = useState(null);
    const submit = (event) => {
      event.preventDefault();
      const { username, pin } = Object.fromEntries(new FormData(event.currentTarget));
      client.loginWithPin(username, pin).catch(({ code }) => setError(code));
    };
    return (
      <form aria-label="Log in" method="post" onSubmit={submit}>
        <label>Username <input name="username" autoComplete="username" /></label>
        <label>PIN <input name="pin" type="password" autoComplete="current-password" /></label>
        <button>Log in</button>
        {error && <p role="alert">{error}</p>}
      </form>
    );
  }

  function Home() {
    const { status, error, user, logout } = useSentinel();
    return (
      <main>
        <p id="status">{status}</p>
        <p id="error">{error?.code}</p>
        <Guard fallback={<LogIn />}>
          <PinBanner error={({ status }) => `refused: ${status}`} />
          <p id="user">{user && `${user.username} ${user.name} ${user.workspaceRole} ${user.trustLevel}`}</p>
          <Guard role="admin" denied={<p id="area">closed</p>}>
            <p id="area">open</p>
          </Guard>
          <button onClick={() => logout()}>Log out</button>
        </Guard>
      </main>
    );
  }

  return () => (
    <StrictMode>
      <SentinelProvider client={client}>
        <Home />
      </SentinelProvider>
    </StrictMode>
  );
}
