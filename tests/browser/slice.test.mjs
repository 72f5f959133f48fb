// `useCan` answered by a slice in Chromium: signed by the real server, held in the page, and told of changes.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { withResources } from "../hosts/resources.mjs";
import { publish } from "./front-end.mjs";
import { logInAs } from "./pages.mjs";
import { startWorld } from "./world.mjs";

const { launchChromium } = await import("../hosts/chromium.mjs");

/** Seconds that a slice lives: as short as can be. */
const LIFE = 10;
const [SHARED, PRIVATE] = [randomUUID(), randomUUID()];
let world, browser, done, ended;
before(
  () =>
    new Promise((ready, failed) => {
      ended = withResources(async (use) => {
        world = await startWorld(use, { BUNDLE_LIFETIME: String(LIFE) });
        browser = use(await launchChromium());
        for (const id of [SHARED, PRIVATE]) await world.note(id);
        ready();
        await new Promise((resolve) => (done = resolve));
      }).catch(failed);
    }),
);
after(() => {
  done?.();
  return ended;
});

const settings = (mode) => ({ mode, slice: true, notes: [SHARED, PRIVATE], ...world[mode] });

/** A browser of someone's own; `tab` opens one more of its tabs. What a page throws fails the test. */
async function visitor(t) {
  const context = await browser.newContext();
  const asked = [];
  const failed = [];
  context.on("request", (request) => asked.push(`${request.method()} ${new URL(request.url()).pathname}`));
  t.after(async () => {
    await context.close();
    assert.deepEqual(failed, []);
  });
  const tab = async () => {
    const page = await context.newPage();
    page.on("pageerror", (error) => failed.push(error));
    await page.goto(`${world.service.origin}/`);
    const shows = async (id, text, timeout = 15_000) => {
      const holds = ([id, text]) => document.getElementById(id)?.textContent === text;
      await page.waitForFunction(holds, [id, text], { timeout }).catch(async (error) => {
        throw new Error(`${id} is not ${text}: ${await page.innerHTML("body")}`, { cause: error });
      });
    };
    const logIn = async (login, workspace) => {
      await page.click("#in");
      await logInAs(page, login);
      await page.click(`button:has-text("${workspace}")`);
      await shows("status", "authenticated");
    };
    return { page, shows, logIn, note: (id, text, timeout) => shows(`note-${id}`, text, timeout) };
  };
  return { tab, asked, count: (pattern) => asked.filter((one) => pattern.test(one)).length };
}

const tokenOf = ({ page }) => page.evaluate(() => window.client.getToken());

const grant = (person, permission) => ({ grantee_type: "user", grantee_id: world.people[person].id, permission });
const shareOf = async () => `/permissions/${(await world.record(SHARED)).id}/share`;
const share = async (bearer, person, permission = "view") => world.post(await shareOf(), grant(person, permission), bearer);
const unshare = async (bearer, person, permission = "view") => world.take(await shareOf(), grant(person, permission), bearer);

for (const mode of ["proxy", "authz"]) {
  test(`${mode} mode: a share made elsewhere is seen, and its end, and the service is never asked`, async (t) => {
    await publish(world.service, settings(mode));
    const [ada, bob] = [await visitor(t), await visitor(t)];
    const [adas, bobs] = [await ada.tab(), await bob.tab()];
    await adas.logIn("ada", "Team");
    await bobs.logIn("bob", "Team");
    await adas.note(SHARED, "view edit open");
    await adas.shows("rights", "admin export");
    await bobs.note(SHARED, "no-view no-edit closed");
    await bobs.shows("rights", "no-admin no-export");
    const bearer = await tokenOf(adas);
    for (const round of [1, 2]) {
      const began = performance.now();
      await share(bearer, "bob");
      await bobs.note(SHARED, "view no-edit closed");
      t.diagnostic(`share ${round} seen after ${Math.round(performance.now() - began)} ms`);
      await bobs.note(PRIVATE, "no-view no-edit closed");
      await unshare(bearer, "bob");
      await bobs.note(SHARED, "no-view no-edit closed");
    }
    for (const { count } of [ada, bob]) {
      assert.equal(count(/POST \/api\/access/), 0);
      assert.ok(count(/GET \/bundles\/v1\/.*\/me$/) >= 1);
      assert.equal(count(/GET \/bundles\/v1\/.*\/events$/), 1);
    }
    // What the page was given says nothing of what is not its user's.
    const slice = await bobs.page.evaluate(async () => {
      const { workspaceId } = window.client.getUser();
      const response = await window.client.fetch(`${window.client.sentinelUrl}/bundles/v1/workspaces/${workspaceId}/me`);
      return response.text();
    });
    assert.match(slice, /^SNTB/);
    for (const name of [PRIVATE, SHARED, world.people.ada.id]) assert.ok(!slice.includes(name), name);
    // And nobody else's is to be had.
    const others = `${world.server.url}/bundles/v1/workspaces/${world.workspaces.team.id}`;
    for (const path of ["", "/services/notes", "/revocations"]) {
      const answer = await bobs.page.evaluate(async (url) => (await window.client.fetch(url)).status, others + path);
      assert.ok([401, 403].includes(answer), `${path}: ${answer}`);
    }
  });
}

test("two tabs listen once, and both hear", async (t) => {
  await publish(world.service, settings("proxy"));
  const [ada, bob] = [await visitor(t), await visitor(t)];
  const adas = await ada.tab();
  await adas.logIn("ada", "Team");
  const one = await bob.tab();
  await one.logIn("bob", "Team");
  await one.note(SHARED, "no-view no-edit closed");
  const two = await bob.tab();
  await two.note(SHARED, "no-view no-edit closed");
  const bearer = await tokenOf(adas);
  await share(bearer, "bob", "edit");
  for (const tab of [one, two]) await tab.note(SHARED, "view edit open");
  assert.equal(bob.count(/GET .*\/events$/), 1);
  // The other one takes the place of the one that is gone.
  await one.page.close();
  await unshare(bearer, "bob", "edit");
  await two.note(SHARED, "no-view no-edit closed");
});

test("the server stops: what it signed holds to its end, then nothing is allowed, and it comes back by itself", async (t) => {
  await publish(world.service, settings("proxy"));
  const adas = await (await visitor(t)).tab();
  await adas.logIn("ada", "Team");
  await adas.note(PRIVATE, "view edit open");
  await world.server.stop();
  try {
    const began = Date.now();
    await adas.note(PRIVATE, "view edit open");
    await adas.note(PRIVATE, "no-view bundle_stale closed", (LIFE + 20) * 1000);
    t.diagnostic(`ended ${((Date.now() - began) / 1000).toFixed(1)} s after the server, with slices of ${LIFE} s`);
  } finally {
    await world.server.start();
  }
  await adas.note(PRIVATE, "view edit open", 40_000);
});
