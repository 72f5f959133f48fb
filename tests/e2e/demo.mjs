// The demo: our server starts, a user logs in through it at a real OpenID provider, and four runtimes decide on the tokens with
// the same core.
//   node demo.mjs [--json]     exits 0 only when every runtime decides on every token as it should
import { stripVTControlCharacters, styleText } from "node:util";
import { installed, linkPackage } from "../hosts/install.mjs";
import { withResources } from "../hosts/resources.mjs";

const json = process.argv.includes("--json");
const colored = process.stdout.isTTY && !process.env.NO_COLOR;
const started = performance.now();
const progress = (text) => process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(5)} s  ${text}\n`);

await installed("hosts", "e2e");
linkPackage("e2e");
// These import what was just installed.
const { ALGORITHMS, SERVER, startProvider } = await import("./provider.mjs");
const { startSentinel } = await import("./sentinel.mjs");
const { USER, mint } = await import("./cases.mjs");
const { runtimes } = await import("./runtimes.mjs");

const report = await withResources(async (use) => {
  const provider = use(await startProvider());
  progress(`an OpenID provider runs at ${provider.issuer}`);
  const starts = performance.now();
  const server = use(await startSentinel(settings(provider)));
  progress(`sentinel serve runs at ${server.url}: ready in ${(performance.now() - starts).toFixed(0)} ms, with SQLite and new keys in a temporary folder`);
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
  return { ok: status === 401 && results.every(({ ok }) => ok), issuer: server.url, user, results };
});

/** All that a server needs to be told of a provider; the first line because this one runs on this machine. */
function settings(provider) {
  return {
    ALLOW_LOOPBACK_PROVIDERS: "true",
    OIDC_ISSUER: provider.issuer,
    OIDC_CLIENT_ID: SERVER.id,
    OIDC_CLIENT_SECRET: SERVER.secret,
    // Front ends that log in at the provider themselves (authz mode) have clients of their own.
    OIDC_EXTRA_AUDIENCES: ALGORITHMS.map((alg) => `web-${alg}`).join(),
  };
}

async function startAll(use) {
  const judges = {};
  for (const [name, start] of Object.entries(runtimes)) {
    progress(`starting ${name}`);
    judges[name] = await start(use);
  }
  return judges;
}

console.log(json ? JSON.stringify(report, null, 2) : `\n${table(report)}`);
process.exitCode = report.ok ? 0 : 1;

function table({ ok, results }) {
  const names = Object.keys(runtimes);
  const shown = ({ ok, decision, expected, ms, fetchedKeys }) => {
    const color = !ok ? "red" : decision === "accepted" ? "green" : "yellow";
    const text = ok ? decision : `${decision}, not ${expected}`;
    return `${colored ? styleText(color, text) : text} ${ms.toFixed(ms < 10 ? 2 : 0)} ms${fetchedKeys ? "*" : ""}`;
  };
  const row = (token) => [token, ...names.map((runtime) => shown(results.find((one) => one.runtime === runtime && one.token === token)))];
  const rows = (wanted) => [...new Set(results.filter(wanted).map(({ token }) => token))].map(row);
  const good = rows(({ expected }) => expected === "accepted");
  const bad = rows(({ expected }) => expected !== "accepted");
  const length = (text) => stripVTControlCharacters(text).length;
  const widths = ["", ...names].map((_, column) => Math.max(...[...good, ...bad].map((row) => length(row[column]))));
  const line = (row) => row.map((text, column) => text + " ".repeat(widths[column] - length(text))).join("  ").trimEnd();
  return [
    line(["token", ...names]),
    ...good.map(line),
    "",
    ...bad.map(line),
    "",
    "* with the fetch of the issuer's keys; natively each token is a process of its own, in workerd the time is that of the request.",
    ...results.filter(({ why }) => why).map(({ runtime, token, why }) => `${runtime}, ${token}: ${why}`),
    ok ? "Every runtime decided alike, and as it should." : "A runtime decided otherwise than it should.",
  ].join("\n");
}
