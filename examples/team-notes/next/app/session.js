"use client";
// Who is logged in, for all pages below.
import { createContext, useContext, useState } from "react";
import { createDecider, SentinelAuthz } from "sentinel-edge/client";
import { SentinelProvider } from "sentinel-edge/react";

const SentinelUrl = createContext("");
export const useSentinelUrl = () => useContext(SentinelUrl);

export function Session({ sentinelUrl, idp, children }) {
  const [client] = useState(() => new SentinelAuthz({ sentinelUrl, idps: { oidc: idp }, storage: "session" }));
  const [decider] = useState(() => createDecider(client, "/api/access"));
  return (
    <SentinelUrl value={sentinelUrl}>
      <SentinelProvider client={client} decider={decider} maxAge={1000}>
        {children}
      </SentinelProvider>
    </SentinelUrl>
  );
}
