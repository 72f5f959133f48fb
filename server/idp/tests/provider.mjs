// The real OpenID provider of tests/e2e for the tests of this crate: says where it is on one line, and lives until its
// standard input ends, so that it never outlives the test.
import { installed } from "../../../tests/hosts/install.mjs";

await installed("e2e");
const { startProvider } = await import("../../../tests/e2e/provider.mjs");
const provider = await startProvider();
console.log(JSON.stringify({ issuer: provider.issuer, redirect: provider.redirect }));
process.stdin.resume().on("end", () => provider.close().then(() => process.exit()));
