// The browser's side, where there is no browser: it can be imported and asked, and nobody is logged in.
import { SentinelAuth, safeReturnPath } from "sentinel-edge/client";

const client = new SentinelAuth({ sentinelUrl: "https://auth.example.com" });
const { status } = client.getState();
console.log(JSON.stringify({ status, user: client.getUser(), path: safeReturnPath("//evil.example.com") }));
