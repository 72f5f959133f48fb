import { connection } from "next/server";
import { SessionProvider } from "./session";
import "./style.css";

export const metadata = { title: "Team Notes" };

export default async function Layout({ children }) {
  // Settings are of the machine that runs this, not of the one that built it.
  await connection();
  const { IDP_AUTHORIZATION_URL, IDP_CLIENT_ID, IDP_ISSUER, IDP_TOKEN_URL, SENTINEL_URL } = process.env;
  const idp = { clientId: IDP_CLIENT_ID, issuer: IDP_ISSUER, authorizationUrl: IDP_AUTHORIZATION_URL, tokenUrl: IDP_TOKEN_URL };
  return (
    <html lang="en">
      <body>
        <SessionProvider sentinelUrl={SENTINEL_URL} idp={idp}>
          {children}
        </SessionProvider>
      </body>
    </html>
  );
}
