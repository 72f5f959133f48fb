// As `client.mjs`, in CommonJS.
const { SentinelAuth, safeReturnPath } = require("sentinel-edge/client");

const client = new SentinelAuth({ sentinelUrl: "https://auth.example.com" });
const { status } = client.getState();
console.log(JSON.stringify({ status, user: client.getUser(), path: safeReturnPath("//evil.example.com") }));
