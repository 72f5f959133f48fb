// The real OpenID provider of tests/e2e, with its packages installed first: what it takes and prints is said there.
import { installed } from "../../../tests/hosts/install.mjs";

await installed("e2e");
await import("../../../tests/e2e/provider-cli.mjs");
