// Finds vector files, puts their cases to a runtime in batches, and reports.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse, sourceOf } from "./exact.mjs";

/** The guard of the format: a case that takes longer has hung. */
const GUARD = 5000;
const BATCH = 64;
const vectors = fileURLToPath(new URL("../vectors", import.meta.url));

/** Runs the files that the command line names in a runtime, prints the report and sets the exit code. */
export async function drive(start) {
  const paths = process.argv.slice(2).filter((argument) => argument !== "--vectors");
  const report = await run(start, paths.length > 0 ? paths : [vectors]);
  console.log(report.text());
  process.exitCode = report.good ? 0 : 1;
}

/**
 * Runs files, or folders of them. `start()` resolves to `{ ask(items), close() }`; it is called again after a case hung or
 * crashed the runtime.
 */
export async function run(start, paths, guard = GUARD) {
  const report = new Report();
  let runtime = await start();
  /** One batch, within its time; `undefined` where the runtime did not answer. */
  const within = async (items) => {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${guard / 1000} s`)), guard * Math.min(items.length, 6));
    });
    try {
      return await Promise.race([runtime.ask(items), late]);
    } catch (error) {
      await runtime.close().catch(() => {});
      runtime = await start();
      return items.length === 1 ? [{ failed: error.message }] : undefined;
    } finally {
      clearTimeout(timer);
    }
  };
  try {
    for (const file of paths.flatMap((path) => filesOf(path, report))) {
      const items = itemsOf(file, report);
      for (let at = 0; at < items.length; at += BATCH) {
        const batch = items.slice(at, at + BATCH);
        const outcomes = await within(batch);
        for (const [index, item] of batch.entries()) {
          // A batch that failed as a whole is asked case by case, to find which it was.
          report.note(item, outcomes?.[index] ?? (await within([item]))[0]);
        }
      }
    }
  } finally {
    await runtime.close();
  }
  return report;
}

/** The file itself, or every vector file of a folder and the folders in it. */
function filesOf(path, report) {
  if (!statSync(path).isDirectory()) return [{ path, document: documentOf(path, report) }].filter(({ document }) => document);
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const inside = join(path, entry.name);
      if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesOf(inside, report);
      if (!entry.name.endsWith(".json")) return [];
      const document = documentOf(inside, report);
      if (document === undefined) return [];
      if (["cases", "signatures", "policies", "bundles"].every((name) => document?.[name] === undefined)) {
        report.mention(`${inside}: not a vector file`);
        return [];
      }
      return [{ path: inside, document }];
    });
}

function documentOf(path, report) {
  try {
    return parse(readFileSync(path, "utf8"));
  } catch (error) {
    report.fail(path, "the whole file", error.message);
    return undefined;
  }
}

/** The cases and signatures of a file, as text: so they reach every runtime alike. */
function itemsOf({ path, document }, report) {
  const { suite = basename(path, ".json"), cases = [], signatures = [], policies = [], bundles = [], excluded = [], stricter = [] } = document;
  for (const [kind, remarks] of Object.entries({ "left out": excluded, stricter })) {
    for (const { name, why } of remarks) report.remark(kind, suite, why, name);
  }
  const items = cases.map((vector) => ({ suite, kind: "case", name: vector?.name ?? "a case without a name", text: sourceOf(vector) }));
  for (const group of signatures) {
    const { algorithm, jwk, tests, ...rest } = group;
    if (Object.keys(rest).length > 0) report.fail(suite, "a group of signatures", `unknown members ${Object.keys(rest)}`);
    for (const test of tests) {
      const text = `{"algorithm":${JSON.stringify(algorithm)},"jwk":${sourceOf(jwk)},"test":${sourceOf(test)}}`;
      items.push({ suite, kind: "signature", name: test.name, text });
    }
  }
  for (const policy of policies) items.push({ suite, kind: "policy", name: policy.name, text: sourceOf(policy) });
  for (const bundle of bundles) items.push({ suite, kind: "bundle", name: bundle.name, text: sourceOf(bundle) });
  if (items.length === 0 && excluded.length === 0) report.fail(suite, "the whole file", "no `cases`, `signatures`, `policies` or `bundles`");
  return items;
}

class Report {
  #passed = 0;
  #failures = [];
  #mentions = [];
  #remarks = new Map();
  #lacking = new Map();

  get good() {
    return this.#passed > 0 && this.#failures.length === 0;
  }

  note({ suite, name }, { failed, lacking = [], count = 1 }) {
    if (failed !== undefined) return this.fail(suite, name, failed);
    this.#passed += count;
    for (const what of lacking) this.#lacking.set(what, (this.#lacking.get(what) ?? 0) + 1);
  }

  fail(suite, name, reason) {
    this.#failures.push(`FAILED    ${suite} / ${name}: ${reason}`);
  }

  mention(what) {
    this.#mentions.push(`note      ${what}`);
  }

  remark(kind, suite, why, name) {
    const key = `${kind}  ${suite}: ${why}`;
    this.#remarks.set(key, [...(this.#remarks.get(key) ?? []), name.split(":")[0]]);
  }

  text() {
    return [
      ...this.#mentions,
      ...[...this.#remarks].map(([what, names]) => `${what}: ${names.join(", ")}`).sort(),
      ...[...this.#lacking].map(([what, count]) => `lacking   ${what} (${count} cases)`).sort(),
      ...this.#failures,
      `${this.#passed} passed, ${this.#failures.length} failed`,
    ].join("\n");
  }
}
