// The demo, all on this machine: our server, a real OpenID provider, Team Notes with its backends, gateways and pages; who may
// do what there; and four runtimes that decide on the tokens of a real login with the same core.
//   node demo.mjs [--json] [--once] [--runtimes]
// exits 0 only when everything was decided as it should be. On a terminal it goes on serving until Ctrl-C, unless --once.
// --runtimes leaves Team Notes out.
import { stripVTControlCharacters, styleText } from "node:util";
import { installed, linkPackage } from "../hosts/install.mjs";
import { withResources } from "../hosts/resources.mjs";

const given = (name) => process.argv.includes(`--${name}`);
const colored = process.stdout.isTTY && !process.env.NO_COLOR;
const stays = process.stdout.isTTY && !given("once") && !given("json");
const started = performance.now();
const progress = (text) => process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s  ${text}\n`);
const paint = (color, text) => (colored ? styleText(color, text) : text);

// Each program that runs is ended with us.
process.setMaxListeners(100);
await installed("hosts", "e2e", ...(given("runtimes") ? [] : ["examples/team-notes/next"]));
linkPackage("e2e");
// These import what was just installed.
const { ALGORITHMS, SERVER, startProvider } = await import("./provider.mjs");
const { startSentinel } = await import("./sentinel.mjs");
const { USER, mint } = await import("./cases.mjs");
const { runtimes } = await import("./runtimes.mjs");
const { CLIENT, PEOPLE, SETTINGS, startTeamNotes } = await import("../team-notes/whole.mjs");
const { decide, table: decisionsTable } = await import("../team-notes/decisions.mjs");

await withResources(async (use) => {
  const provider = use(await startProvider({ clients: [CLIENT] }));
  progress(`an OpenID provider runs at ${provider.issuer}`);
  const starts = performance.now();
  const server = use(await startSentinel(settings(provider)));
  progress(`sentinel serve runs at ${server.url}: ready in ${(performance.now() - starts).toFixed(0)} ms, with SQLite and new keys in a temporary folder`);
  const whole = given("runtimes") ? undefined : await startTeamNotes(use, { server, provider, progress });
  const decisions = whole ? await decide({ whole, server, provider, progress }) : [];
  const tokens = await judgeTokens(use, server, provider);
  const ok = tokens.ok && decisions.every(({ ok }) => ok);
  const pages = Object.values(whole?.stacks ?? {})[0]?.pages;
  const report = { ok, issuer: server.url, pages, user: tokens.user, decisions, results: tokens.results };
  process.exitCode = ok ? 0 : 1;
  console.log(given("json") ? JSON.stringify(report, null, 2) : text(report));
  if (stays && pages) {
    console.log(`\nTeam Notes is at ${paint("bold", pages)}`);
    console.log(`Log in as ${Object.entries(PEOPLE).filter(([login]) => login !== "eve").map(([login, what]) => `${login} (${what})`).join(", ")}; any password. Ctrl-C ends it.`);
    // What it started is ended by Ctrl-C.
    await new Promise(() => {});
  }
});

/** All that a server needs to be told of a provider; the first line because this one runs on this machine. */
function settings(provider) {
  return {
    ALLOW_LOOPBACK_PROVIDERS: "true",
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: SERVER.id,
    OIDC_CLIENT_SECRET: SERVER.secret,
    // Front ends that log in at the provider themselves (authz mode) have clients of their own.
    OIDC_EXTRA_AUDIENCES: [CLIENT.client_id, ...ALGORITHMS.map((alg) => `web-${alg}`)].join(),
    ...SETTINGS,
  };
}

/** Four runtimes decide on good and bad tokens. */
async function judgeTokens(use, server, provider) {
  const [{ user, cases, logOut }, judges] = await Promise.all([mint(server, provider, progress), startAll(use)]);
  const results = [];
  const decide = async (cases) => {
    for (const [runtime, judge] of Object.entries(judges)) {
      progress(`${runtime} decides on ${cases.length === 1 ? "it" : `${cases.length} tokens`}`);
      for (const { name, expected, subject, request } of cases) {
        // A fault is no decision, and never the expected one.
        const answer = await judge(request).catch(({ message }) => ({ decision: "fault", why: message, ms: 0 }));
        const ok = answer.decision === expected && answer.subject === subject;
        results.push({ runtime, token: name, expected, ok, ...answer });
      }
    }
  };
  await decide(cases);
  const { status, last } = await logOut();
  progress(`${USER} logs out: Sentinel answers ${status} to the access token at once, others learn of it from /revocations`);
  await decide([last]);
  return { ok: status === 401 && results.every(({ ok }) => ok), user, results };
}

async function startAll(use) {
  const judges = {};
  for (const [name, start] of Object.entries(runtimes)) {
    progress(`starting ${name}`);
    judges[name] = await start(use);
  }
  return judges;
}

function text({ ok, decisions, results }) {
  const names = Object.keys(runtimes);
  const shown = ({ ok, decision, expected, ms, fetchedKeys }) => {
    const color = !ok ? "red" : decision === "accepted" ? "green" : "yellow";
    const text = ok ? decision : `${decision}, not ${expected}`;
    return `${paint(color, text)} ${ms.toFixed(ms < 10 ? 2 : 0)} ms${fetchedKeys ? "*" : ""}`;
  };
  const row = (token) => [token, ...names.map((runtime) => shown(results.find((one) => one.runtime === runtime && one.token === token)))];
  const rows = (wanted) => [...new Set(results.filter(wanted).map(({ token }) => token))].map(row);
  const tokens = [["token", ...names], ...rows(({ expected }) => expected === "accepted"), [], ...rows(({ expected }) => expected !== "accepted")];
  return [
    ...(decisions.length > 0 ? ["", ...aligned(decisionsTable(decisions, paint))] : []),
    "",
    ...aligned(tokens),
    "",
    "* with the fetch of the issuer's keys; natively each token is a process of its own, in workerd the time is that of the request.",
    ...results.filter(({ why }) => why).map(({ runtime, token, why }) => `${runtime}, ${token}: ${why}`),
    ok ? "Everything was decided as it should be, and in every runtime alike." : "Something was decided otherwise than it should be.",
  ].join("\n");
}

function aligned(rows) {
  const length = (text) => stripVTControlCharacters(text).length;
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => length(row[column] ?? ""))));
  return rows.map((row) => row.map((text, column) => text + " ".repeat(widths[column] - length(text))).join("  ").trimEnd());
}
