// The tutorials show the example as it is: a block that names a file in its first line is of that file, piece by piece.
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { linkPackage, root } from "../hosts/install.mjs";

for (const [page, blocks] of [["team-notes-nextjs.md", 10], ["team-notes-fastapi.md", 6]]) {
  test(page, async () => {
    const text = await readFile(join(root, "docs/guide", page), "utf8");
    const named = [...text.matchAll(/^```\S+\n(?:\/\/|#) (\S+\.\w+)\n([^]*?)^```$/gm)];
    assert.equal(named.length, blocks);
    for (const [, path, code] of named) {
      const file = await readFile(join(root, "examples/team-notes", path), "utf8");
      let from = 0;
      for (const piece of code.split("\n…\n")) {
        const at = file.indexOf(piece.trimEnd(), from);
        assert.ok(at >= 0, `${path} does not have, after ${from}:\n${piece}`);
        from = at + piece.length;
      }
    }
  });
}

test("the client without Next.js is made as the tutorial says", async () => {
  linkPackage("team-notes");
  const text = await readFile(join(root, "docs/guide/team-notes-fastapi.md"), "utf8");
  const [, code] = /^```jsx\n(import [^]*?)^```$/m.exec(text);
  const file = join(root, "tests/team-notes/node_modules/.guide.mjs");
  await writeFile(file, code.replaceAll("https://auth.example.com", "http://127.0.0.1:9"));
  const { client, decider } = await import(pathToFileURL(file));
  assert.equal(client.getState().status, "loading");
  // Nobody is logged in, and nobody listens there: no answer is no allow.
  await assert.rejects(decider.decide({ user: { userId: "u", workspaceId: "w" }, relation: "view", object: "note:7" }), { name: "SentinelError" });
  decider.close();
  client.destroy();
});
