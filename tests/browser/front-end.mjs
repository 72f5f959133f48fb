// The small front end of `app.jsx`, bundled for a release of React and put on the service's pages.
import { mkdtemp, writeFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../hosts/install.mjs";

const { bundle } = await import("../hosts/bundle.mjs");

const here = import.meta.dirname;
const RELEASES = { 18: { react: "react-18", "react-dom": "react-dom-18" }, 19: {} };

/** Publishes it, or another one like it: `settings` are `makeApp`'s. */
export async function publish(service, settings, { release = 19, html = "", app = "app.jsx" } = {}) {
  const text = JSON.stringify(settings);
  const code = `import { createRoot, hydrateRoot } from "react-dom/client";
    import { makeApp } from "./${app}";
    const App = makeApp(${text});
    const root = document.querySelector("#root");
    const options = { onRecoverableError: (error) => { (window.recovered ??= []).push(String(error)); } };
    if (root.firstChild) hydrateRoot(root, <App />, options);
    else createRoot(root, options).render(<App />);`;
  service.pages.set("/main.js", await bundle(code, here, { alias: RELEASES[release], loader: "jsx" }));
  service.pages.set("/", `<!doctype html><title>Notes</title><div id="root">${html}</div><script type="module" src="/main.js"></script>`);
}

/** What a server renders of it, in Node. */
export async function rendered(settings, release) {
  const code = `import { renderToString } from "react-dom/server.browser";
    import { makeApp } from "./app.jsx";
    const App = makeApp(${JSON.stringify(settings)});
    process.stdout.write(renderToString(<App />), () => process.exit());`;
  const folder = await mkdtemp(join(here, "node_modules", ".rendered-"));
  try {
    const file = join(folder, "page.mjs");
    await writeFile(file, await bundle(code, here, { alias: RELEASES[release], loader: "jsx" }));
    // A process of its own: what React listens to on a server never ends.
    return (await run(process.execPath, [file], { timeout: 20_000 })).stdout;
  } finally {
    await rm(folder, { recursive: true });
  }
}
