// The provider as a program, for tests in other languages and for trying things out:
//   node provider-cli.mjs '{"clients": […], "users": {…}, "port": 9005}'
// prints `{"port", "issuer", "jwksUrl"}` once it listens. It ends with its standard input, so that it never outlives its caller.
import { startProviderFor } from "./provider.mjs";

const { close, issuer, jwksUrl } = await startProviderFor(JSON.parse(process.argv[2] ?? "{}"));
console.log(JSON.stringify({ port: Number(new URL(issuer).port), issuer, jwksUrl }));
process.stdin.resume().on("end", () => close().then(() => process.exit(0)));
