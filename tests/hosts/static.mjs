// Files for a browser, over a random loopback port.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize, sep } from "node:path";

const types = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html", ".json": "application/json", ".css": "text/css" };

/** `pages`: path -> text; `folders`: path prefix -> folder. `headers` go with every answer. */
export async function serve({ pages = {}, folders = {} }, headers = {}) {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const path = normalize(decodeURIComponent(pathname));
    try {
      const body = pages[path] ?? (await readFile(fileOf(path)));
      response.writeHead(200, { "content-type": types[extname(path)] ?? "text/html; charset=utf-8", ...headers }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  const fileOf = (path) => {
    const prefix = Object.keys(folders)
      .filter((prefix) => path.startsWith(prefix))
      .sort((a, b) => b.length - a.length)[0];
    if (prefix === undefined || path.split(sep).includes("..")) throw new Error("not served");
    return join(folders[prefix], path.slice(prefix.length) || "index.html");
  };
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))),
  };
}
