// A person at a browser of their own, in the pages of Team Notes.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../hosts/install.mjs";
import { logInAs } from "../browser/pages.mjs";

const shots = join(root, "target", "team-notes");
const taken = new Set();

/** Keeps what a page shows, once, as `target/team-notes/NN name.png`. */
export async function shot(page, name) {
  if (taken.has(name)) return;
  const number = String(taken.add(name).size).padStart(2, "0");
  await mkdir(shots, { recursive: true });
  await page.screenshot({ path: join(shots, `${number} ${name}.png`) });
}

/** A browser of someone's own; what a page throws fails the test. */
export async function visitor(t, browser, pages) {
  const context = await browser.newContext();
  const [failed, asked] = [[], []];
  context.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  t.after(async () => {
    await context.close();
    assert.deepEqual(failed, []);
  });
  const tab = async (path = "/") => {
    const page = await context.newPage();
    let headers = {};
    page.on("pageerror", (error) => failed.push(error));
    page.on("request", (request) => {
      const { authorization, "x-authz-token": authz } = request.headers();
      if (authorization && authz) headers = { authorization, "x-authz-token": authz };
    });
    await page.goto(pages + path);
    return {
      page,
      /** The headers that its requests carry now. */
      tokens: () => headers,
      note: (title) => page.getByRole("listitem", { name: title }),
      /** Logs in at the provider; of several workspaces takes the one of this name. */
      async logIn(login, workspace) {
        await page.getByRole("button", { name: "Log in" }).click();
        await logInAs(page, login);
        if (workspace) {
          const choice = page.getByRole("button", { name: workspace });
          await choice.waitFor();
          await shot(page, `${login} chooses a workspace`);
          await choice.click();
        }
        await page.getByText(`${login}@example.test · `).waitFor();
      },
      async write(title, text) {
        const form = page.getByRole("form", { name: "New note" });
        await form.getByLabel("Title").fill(title);
        await form.getByLabel("Text").fill(text);
        await form.getByRole("button", { name: "Create" }).click();
        await page.getByRole("listitem", { name: title }).waitFor();
      },
      async share(title, login, permission) {
        await page.getByRole("listitem", { name: title }).getByRole("button", { name: "Share", exact: true }).click();
        const form = page.getByRole("form", { name: `Share ${title}` });
        await form.getByLabel("With").selectOption(`${login}@example.test`);
        await form.getByLabel("To", { exact: true }).selectOption(permission);
        const answered = page.waitForResponse((response) => response.url().endsWith("/shares"));
        await form.getByRole("button", { name: "Share it" }).click();
        assert.equal((await answered).status(), 201);
      },
      /** The user interface left aside: a request as this person's page sends it, or without tokens. */
      fetch: (path, init = {}, tokens = headers) =>
        page.evaluate(
          async ([path, init]) => {
            const response = await fetch(path, init);
            const text = await response.text();
            return { status: response.status, why: /"(?:reason|code)":"(\w+)"/.exec(text)?.[1], text };
          },
          [path, { ...init, headers: { ...init.headers, ...tokens } }],
        ),
    };
  };
  return { context, tab, asked, count: (what) => asked.filter((one) => one === what).length };
}
