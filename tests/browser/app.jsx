// A small front end as a user would write one: in strict mode, with paths that change without loading the page anew.
import { createDecider, SentinelAuth, SentinelAuthz } from "sentinel-edge/client";
import { createSliceDecider } from "sentinel-edge/client/slice";
import { Guard, LoginCallback, SentinelProvider, useCan, useDecision, useHasAction, useHasRole, useSentinel, useUser } from "sentinel-edge/react";
import { StrictMode, useEffect, useState } from "react";

/** `settings` are the client's, and which mode, notes and page; `slice` says who answers: a slice, or the service. */
export function makeApp({ mode, notes, path: first, slice, ...options }) {
  const browser = typeof document !== "undefined";
  const client = new (mode === "authz" ? SentinelAuthz : SentinelAuth)({ clock: () => Date.now() + (globalThis.skew ?? 0), ...options });
  const asking = createDecider(client, "/api/access");
  let changed;
  const asked = {
    decide: asking.decide,
    subscribe: (listener) => {
      changed = listener;
      return () => (changed = undefined);
    },
  };
  const decider = slice ? createSliceDecider(client, { service: "notes", store: browser ? localStorage : undefined }) : asked;
  if (browser) Object.assign(window, { client, arrived: [], policyChanged: () => changed() });

  function Note({ id }) {
    const [view, edit] = [useCan("view", `note:${id}`), useDecision("edit", `note:${id}`)];
    return (
      <li id={`note-${id}`}>
        {view ? "view" : "no-view"} {edit.loading ? "…" : edit.allow ? "edit" : (edit.error?.code ?? "no-edit")}{" "}
        <Guard relation="edit" object={`note:${id}`} loading="…" denied="closed">
          open
        </Guard>
      </li>
    );
  }

  function Home() {
    const { status, error, login, logout } = useSentinel();
    const user = useUser();
    const [admin, exporter] = [useHasRole("admin"), useHasAction("notes:export")];
    return (
      <main>
        <p id="status">{status}</p>
        <p id="error">{error?.code}</p>
        <Guard fallback={<button id="in" onClick={() => login("oidc", { returnTo: "/notes?from=login" })}>In</button>} unavailable={<p id="gone">gone</p>}>
          <p id="user">{user && `${user.email} ${user.workspaceSlug} ${user.workspaceRole}`}</p>
          <p id="rights">{`${admin ? "admin" : "no-admin"} ${exporter ? "export" : "no-export"}`}</p>
          <Guard role="admin" denied={<p id="area">closed</p>}>
            <p id="area">open</p>
          </Guard>
          <Guard role="king" denied={<p id="king">closed</p>}>
            <p id="king">open</p>
          </Guard>
          <Guard action="notes:export" loading={<p id="export">…</p>} denied={<p id="export">closed</p>}>
            <p id="export">open</p>
          </Guard>
          <ul>{notes.map((id) => <Note key={id} id={id} />)}</ul>
          <button id="out" onClick={() => logout()}>Out</button>
        </Guard>
      </main>
    );
  }

  return function App() {
    const [path, setPath] = useState(first ?? location.pathname);
    const go = (to) => {
      history.replaceState(null, "", to);
      setPath(location.pathname);
    };
    useEffect(() => void (window.rendered = true), []);
    return (
      <StrictMode>
        <SentinelProvider client={client} decider={decider}>
          {path === "/auth/callback" ? (
            <LoginCallback
              loading={<p id="waiting">…</p>}
              error={({ code }) => <p id="refused">{code}</p>}
              onSuccess={(user, to) => {
                window.arrived.push([user.email, to]);
                go(to);
              }}
            />
          ) : (
            <Home />
          )}
        </SentinelProvider>
      </StrictMode>
    );
  };
}
