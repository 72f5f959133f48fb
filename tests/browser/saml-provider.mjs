// The companies' SAML providers of `tests/saml` as programs, and a PostgreSQL database for a server of a test.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root, tests } from "../hosts/install.mjs";

const folder = join(tests, "saml");

/** The Python that `cargo xtask test` has made for it. */
function python() {
  const own = process.env.SENTINEL_SAML_PYTHON ?? join(root, "target/xtask/saml/bin/python");
  if (!existsSync(own)) throw new Error("no Python with pysaml2: run `cargo xtask test saml` once");
  return own;
}

/** A program that says one line when it is ready and ends with its standard input. */
async function start(program, args) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([once(lines, "line").then(([text]) => text), ended.then(([status]) => Promise.reject(new Error(`${program} ended with ${status}`)))]);
  return { line, close: async () => (child.stdin.end(), await ended) };
}

export const PROVIDERS = ["pysaml2", "samlify"];

/** `users`: by login `{ subject, attributes }`. `control(wish)` as in tests/saml/README.md. */
export async function startSamlProvider(name, users) {
  const options = JSON.stringify({ users });
  const [program, args] = name === "pysaml2" ? [python(), ["-W", "ignore", join(folder, "providers/pysaml2_idp.py"), options]] : [process.execPath, [join(folder, "providers/samlify-idp.mjs"), options]];
  const { line, close } = await start(program, args);
  const at = JSON.parse(line);
  return {
    name,
    ...at,
    close,
    metadata: async () => (await fetch(at.metadataUrl)).text(),
    async control(wish) {
      const response = await fetch(`${at.origin}/control`, { method: "POST", body: JSON.stringify(wish) });
      if (!response.ok) throw new Error(`${name}: ${response.status} ${await response.text()}`);
    },
  };
}

/** A database of its own, dropped by `close`. */
export async function startDatabase() {
  const { line, close } = await start(python(), [join(folder, "database.py")]);
  return { url: line, close };
}
