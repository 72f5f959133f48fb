"use client";
// Who is logged in, and what they may do, for all pages below.
import { createContext, useContext, useState } from "react";
import { createDecider, SentinelAuthz } from "sentinel-edge/client";
import { createSliceDecider } from "sentinel-edge/client/slice";
import { SentinelProvider } from "sentinel-edge/react";

const Session = createContext(null);

/** `{ sentinelUrl, onChange }`: what the user may do has changed, says `onChange(listener)`. */
export const useSession = () => useContext(Session);

export function SessionProvider({ sentinelUrl, idp, children }) {
  const [client] = useState(() => new SentinelAuthz({ sentinelUrl, idps: { oidc: idp }, storage: "session" }));
  const [session] = useState(() => {
    // What the signed slice of the policy does not know, our own service is asked.
    const decider = createSliceDecider(client, { service: "notes", fallback: createDecider(client, "/api/access") });
    return { sentinelUrl, decider, onChange: decider.subscribe };
  });
  return (
    <Session value={session}>
      <SentinelProvider client={client} decider={session.decider}>
        {children}
      </SentinelProvider>
    </Session>
  );
}
