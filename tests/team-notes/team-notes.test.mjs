// Team Notes in Chromium, against the running whole: a real provider, the real server, the gateway in workerd, both backends
// and the Next.js front end. What each step shows is kept in target/team-notes.
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as later } from "node:timers/promises";
import { logInAs } from "../browser/pages.mjs";
import { installed } from "../hosts/install.mjs";
import { withResources } from "../hosts/resources.mjs";

await installed("hosts", "e2e", "examples/team-notes/next");
const { launchChromium } = await import("../hosts/chromium.mjs");
const { SERVER, startProvider } = await import("../e2e/provider.mjs");
const { startSentinel } = await import("../e2e/sentinel.mjs");
const { CLIENT, SETTINGS, startTeamNotes } = await import("./whole.mjs");
const { shot, visitor } = await import("./visitor.mjs");

/** How many seconds a bundle of the policy is good. */
const LIFETIME = 12;

let whole, server, browser, done, ended;
before(
  () =>
    new Promise((ready, failed) => {
      ended = withResources(async (use) => {
        const provider = use(await startProvider({ clients: [CLIENT] }));
        server = use(
          await startSentinel({
            ALLOW_LOOPBACK_PROVIDERS: "true",
            OIDC_ISSUER: provider.issuer,
            OIDC_CLIENT_ID: SERVER.id,
            OIDC_CLIENT_SECRET: SERVER.secret,
            OIDC_EXTRA_AUDIENCES: CLIENT.client_id,
            BUNDLE_LIFETIME: String(LIFETIME),
            ...SETTINGS,
          }),
        );
        whole = await startTeamNotes(use, { server, provider });
        browser = use(await launchChromium());
        ready();
        await new Promise((resolve) => (done = resolve));
      }).catch(failed);
    }),
);
after(() => {
  done?.();
  return ended;
});

const visit = (t, backend = "axum") => visitor(t, browser, whole.stacks[backend].pages);
const post = (body) => ({ method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
const put = (body) => ({ ...post(body), method: "PUT" });
const answers = async (asked) => {
  const { status, why } = await asked;
  return why === undefined ? status : [status, why];
};

/** What was granted counts at the gateway a second later: asked until it does, for a while. */
async function soon(ask, expected = 200) {
  let answer = await ask();
  for (const since = performance.now(); answer.status !== expected && performance.now() - since < 10_000; answer = await ask()) await later(100);
  return answer;
}

for (const backend of ["axum", "FastAPI"]) {
  test(`${backend}: a login, a workspace, and what a role, an action and a relation allow`, async (t) => {
    const [ada, bob, carol] = await Promise.all([1, 2, 3].map(async () => (await visit(t, backend)).tab()));
    const [title, draft] = [`Roadmap on ${backend}`, { title: "Mine now", text: "" }];
    await ada.page.getByRole("button", { name: "Log in" }).waitFor();
    await shot(ada.page, `${backend} before the login`);
    assert.deepEqual(await answers(ada.fetch("/api/notes")), [401, "unauthenticated"]);
    await ada.logIn("ada", "Team (editor)");
    await bob.logIn("bob");
    await carol.logIn("carol");

    // A role: editors create.
    await ada.write(title, "What comes next");
    await shot(ada.page, `${backend} ada has created a note`);
    await bob.page.getByText("Editors write here; you read.").waitFor();
    assert.equal(await bob.page.getByRole("form", { name: "New note" }).count(), 0);
    await shot(bob.page, `${backend} bob reads`);
    assert.deepEqual(await answers(bob.fetch("/api/notes", post(draft))), [403, "role_required"]);

    // An action: who has a role that it was given to.
    const download = ada.page.waitForEvent("download");
    await ada.page.getByRole("button", { name: "Export" }).click();
    assert.equal((await download).suggestedFilename(), "notes.md");
    assert.match((await ada.fetch("/api/notes/export")).text, new RegExp(`# ${title}`));
    await bob.page.getByText("Your roles do not have notes:export.").waitFor();
    assert.equal(await bob.page.getByRole("button", { name: "Export" }).count(), 0);
    assert.deepEqual(await answers(bob.fetch("/api/notes/export")), [403, "action_required"]);

    // A relation to this very note: none yet; then one to view it, and one to edit it.
    const [{ id }] = JSON.parse((await ada.fetch("/api/notes")).text).filter((note) => note.title === title);
    const one = `/api/notes/${id}`;
    assert.equal((await soon(() => ada.fetch(one))).status, 200);
    for (const other of [bob, carol]) {
      assert.equal(await other.note(title).count(), 0);
      assert.deepEqual(await answers(other.fetch(one)), [403, "relation_required"]);
      assert.deepEqual(await answers(other.fetch(one, put(draft))), [403, "relation_required"]);
      assert.equal((await other.fetch(`${one}/shares`, post({ user_id: whole.ids.eve, permission: "view" }))).status, 403);
    }
    await ada.share(title, "bob", "view");
    await bob.note(title).waitFor();
    await shot(bob.page, `${backend} bob sees what is shared with him`);
    assert.equal((await soon(() => bob.fetch(one))).status, 200);
    assert.deepEqual(await answers(bob.fetch(one, put(draft))), [403, "relation_required"]);
    assert.equal((await carol.fetch(one)).status, 403);

    await ada.share(title, "carol", "edit");
    await carol.note(title).getByRole("button", { name: "Edit" }).click();
    await shot(carol.page, `${backend} carol edits`);
    const form = carol.page.getByRole("form", { name: `Edit ${title}` });
    await form.getByLabel("Text").fill("Changed by carol");
    await soon(() => carol.fetch(one));
    await form.getByRole("button", { name: "Save" }).click();
    await ada.note(title).getByText("Changed by carol").waitFor();
    assert.equal(await bob.note(title).getByRole("button", { name: "Edit" }).count(), 0);
    assert.equal(await bob.note(title).getByRole("button", { name: "Share", exact: true }).count(), 0);

    // And without any token, or around the gateway.
    assert.deepEqual(await answers(bob.fetch(one, {}, {})), [401, "unauthenticated"]);
    const { backend: origin } = whole.stacks[backend];
    const says = { "x-sentinel-user-id": whole.ids.ada, "x-sentinel-workspace-id": whole.workspaces.team };
    assert.equal((await fetch(origin + one, { headers: says })).status, 401);
  });
}

test("another workspace, another role", async (t) => {
  const ada = await (await visit(t)).tab();
  await ada.logIn("ada", "Guests (viewer)");
  await ada.page.getByText("ada@example.test · guests · viewer").waitFor();
  await ada.page.getByText("Editors write here; you read.").waitFor();
  await ada.page.getByText("Your roles do not have notes:export.").waitFor();
  await shot(ada.page, "ada among the guests");
  assert.equal(await ada.page.getByRole("listitem").count(), 0, "the team's notes are the team's");
  assert.deepEqual(await answers(ada.fetch("/api/notes", post({ title: "x", text: "" }))), [403, "role_required"]);
});

test("pages that the server renders: who may not is sent away, who must log in comes back", async (t) => {
  const [ada, bob] = await Promise.all([1, 2].map(async () => (await visit(t)).tab()));
  await ada.logIn("ada", "Team (editor)");
  await ada.write("For print", "In black and white");
  const [{ id }] = JSON.parse((await ada.fetch("/api/notes")).text).filter(({ title }) => title === "For print");
  await soon(() => ada.fetch(`/api/notes/${id}`));
  await ada.note("For print").getByRole("button", { name: "Print" }).click();
  await ada.page.getByText("ada@example.test may edit this note.").waitFor();
  await shot(ada.page, "ada prints");
  const { pathname } = new URL(ada.page.url());
  assert.equal(pathname, `/notes/${id}`);

  await bob.page.goto(new URL(pathname, bob.page.url()).href);
  assert.equal(new URL(bob.page.url()).search, `?returnTo=${encodeURIComponent(pathname)}`);
  await bob.page.getByRole("button", { name: "Log in" }).click();
  await logInAs(bob.page, "bob");
  await bob.page.getByText("This note is not shared with you.").waitFor();
  assert.equal(new URL(bob.page.url()).pathname, pathname);
  await shot(bob.page, "bob may not read it");
  await ada.page.getByRole("link", { name: "All notes" }).click();
  await ada.share("For print", "bob", "view");
  await soon(() => fetch(`${whole.stacks.axum.gateway}/api/notes/${id}`, { headers: bob.tokens() }));
  await bob.page.reload();
  await bob.page.getByText("bob@example.test reads this note.").waitFor();
  await shot(bob.page, "bob reads it");
});

test("a share made in one window is seen in another within two seconds", async (t) => {
  const [ada, bob] = await Promise.all([1, 2].map(async () => (await visit(t)).tab()));
  await ada.logIn("ada", "Team (editor)");
  await bob.logIn("bob");
  const took = [];
  for (const title of ["First", "Second", "Third"]) {
    await ada.write(title, "To be shared");
    assert.equal(await bob.note(title).count(), 0);
    await ada.share(title, "bob", "view");
    const shared = performance.now();
    await bob.note(title).waitFor();
    took.push(performance.now() - shared);
  }
  await shot(bob.page, "bob sees three shares");
  t.diagnostic(`seen after ${took.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  const [, median] = took.sort((a, b) => a - b);
  assert.ok(median < 2000, `${took.map((ms) => ms.toFixed(0)).join(", ")} ms`);
});

test("20 requests while the tokens are being replaced: one refresh, and every request is answered", async (t) => {
  const { tab, count } = await visit(t);
  const ada = await tab();
  await ada.page.clock.install();
  await ada.logIn("ada", "Team (editor)");
  let release;
  const held = new Promise((resolve) => (release = resolve));
  await ada.page.route("**/authz/resolve", async (route) => {
    await held;
    await route.continue();
  });
  const before = count("POST /authz/resolve");
  const statuses = [];
  ada.page.on("response", (response) => response.url().endsWith("/api/notes/export") && statuses.push(response.status()));
  // The page's clock alone: its tokens have expired there, and every request waits for the refresh.
  await ada.page.clock.fastForward(301_000);
  await ada.page.getByRole("button", { name: "Export" }).evaluate((button) => {
    for (let times = 0; times < 20; times += 1) button.click();
  });
  assert.deepEqual(statuses, []);
  release();
  for (let tries = 0; tries < 200 && statuses.length < 20; tries += 1) await later(50);
  assert.deepEqual(statuses, Array(20).fill(200));
  assert.equal(count("POST /authz/resolve") - before, 1);
});

test("two tabs: one login, one logout", async (t) => {
  const { tab, count } = await visit(t);
  const one = await tab();
  await one.logIn("ada", "Team (editor)");
  const two = await tab();
  await two.page.getByText("ada@example.test · team · editor").waitFor();
  assert.equal(count("POST /token"), 1, "the second tab asked the first");
  await two.write("From the second tab", "Seen in both");
  await one.note("From the second tab").waitFor();
  await two.page.getByRole("button", { name: "Log out" }).click();
  await one.page.getByRole("button", { name: "Log in" }).waitFor();
  await shot(one.page, "logged out in the other tab");
});

test("an administrator shuts a user out: the gateway refuses within its bound, and the page says so", async (t) => {
  const eve = await (await visit(t)).tab();
  await eve.logIn("eve");
  assert.equal((await eve.fetch("/api/notes")).status, 200);
  // What the page is refused, it asks for again with fresh tokens: here the tokens of before count.
  const tokens = eve.tokens();
  await whole.admin("PATCH", `/admin/users/${whole.ids.eve}`, { is_active: false });
  try {
    const since = performance.now();
    let answer;
    while ((answer = await eve.fetch("/api/notes", {}, tokens)).status === 200) await later(50);
    const took = performance.now() - since;
    assert.deepEqual(await answers(answer), [401, "token_revoked"]);
    assert.ok(took < (whole.bound + 2) * 1000, `still let in after ${took.toFixed(0)} ms`);
    await eve.page.getByRole("button", { name: "Log in" }).waitFor();
    await shot(eve.page, "eve is shut out");
  } finally {
    await whole.admin("PATCH", `/admin/users/${whole.ids.eve}`, { is_active: true });
  }
});

test("the server stops: decisions go on until the policy's own end, then nobody is let in; it comes back by itself", async (t) => {
  const [ada, carol] = await Promise.all([1, 2].map(async () => (await visit(t)).tab()));
  await ada.logIn("ada", "Team (editor)");
  await carol.logIn("carol");
  await ada.write("Offline", "Still here");
  const [{ id }] = JSON.parse((await ada.fetch("/api/notes")).text).filter(({ title }) => title === "Offline");
  const one = `/api/notes/${id}`;
  const edit = ada.note("Offline").getByRole("button", { name: "Edit" });
  await edit.waitFor();
  assert.equal((await soon(() => ada.fetch(one))).status, 200);
  await server.stop();
  try {
    const since = performance.now();
    assert.equal((await ada.fetch(one)).status, 200);
    assert.equal((await ada.fetch(one, put({ title: "Offline", text: "Changed without a server" }))).status, 200);
    assert.deepEqual(await answers(carol.fetch(one)), [403, "relation_required"]);
    assert.ok(await edit.isVisible());
    await shot(ada.page, "the server has stopped");
    let answer;
    while ((answer = await ada.fetch(one)).status === 200) await later(200);
    assert.equal(answer.status, 503, answer.text);
    assert.ok(performance.now() - since < (LIFETIME + 5) * 1000, "not beyond what the policy says of itself");
    assert.equal((await carol.fetch(one)).status, 503);
    await edit.waitFor({ state: "detached" });
    await ada.page.getByRole("alert").filter({ hasText: "Not up to date: unavailable" }).waitFor();
    await shot(ada.page, "the policy has ended");
  } finally {
    await server.start();
  }
  assert.equal((await soon(() => ada.fetch(one))).status, 200);
  await edit.waitFor();
  await ada.note("Offline").getByText("Changed without a server").waitFor();
  await shot(ada.page, "the server is back");
});

test("what the gateway refuses with its body unread does not end a kept connection", async (t) => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ask = (method, body) =>
    new Promise((resolve, reject) => {
      const headers = body ? { "content-type": "application/json", "content-length": body.length } : {};
      const sent = request(`${whole.stacks.axum.gateway}/api/notes`, { agent, method, headers }, (response) => {
        response.resume().on("end", () => resolve(response.statusCode));
      });
      sent.on("error", reject).end(body);
    });
  for (let times = 0; times < 20; times += 1) {
    assert.equal(await ask("POST", JSON.stringify({ title: "Roadmap", text: "What comes next" })), 401);
    await later(5);
    assert.equal(await ask("GET"), 401);
  }
});
