// The samlify provider as a program: `node samlify-idp.mjs '{"users": {…}}'`, see ../README.md for what it answers.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Provider } from "./samlify-answers.mjs";

const GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const escaped = (value) => value.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const page = (body) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>samlify</title>${body}</html>`;

/** Node makes keys and no certificates. */
function makeKey(name) {
  const folder = mkdtempSync(join(tmpdir(), "samlify-"));
  const [key, certificate] = ["key", "crt"].map((end) => join(folder, end));
  const subject = ["-subj", `/CN=${name}`, "-days", "3650", "-nodes"];
  execFileSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-keyout", key, "-out", certificate, ...subject], { stdio: "ignore" });
  const [privateKey, pem] = [key, certificate].map((file) => readFileSync(file, "utf8"));
  rmSync(folder, { recursive: true });
  return { private: privateKey, der: pem.replace(/-----.*-----|\s/g, "") };
}

const options = JSON.parse(process.argv[2] ?? "{}");
const users = options.users ?? {};
const settings = { sign: "assertion", key: "first" };
const waiting = new Map();
const server = createServer();
await new Promise((resolve, reject) => server.once("error", reject).listen(options.port ?? 0, "127.0.0.1", resolve));
const { port } = server.address();
const origin = `http://127.0.0.1:${port}`;
const provider = new Provider({
  entityId: `${origin}/metadata`,
  ssoUrl: `${origin}/sso`,
  keys: { first: makeKey("samlify first") },
  minutes: 5,
});
let theirs;

/** A service provider's metadata, settings of the answers, a step of a rollover. */
const rollover = {
  announce: () => (provider.keys = { ...provider.keys, second: makeKey("samlify second") }),
  switch: () => (settings.key = "second"),
  retire: () => (provider.keys = { second: provider.keys.second }),
};
function control({ serviceProvider, rollover: step, ...more }) {
  for (const name of ["sign", "encrypt"]) if (name in more) settings[name] = more[name];
  if (serviceProvider) {
    [, theirs] = /entityID="([^"]+)"/.exec(serviceProvider);
    provider.serviceProviders = { [theirs]: serviceProvider };
  }
  if (step) rollover[step]();
  return "{}";
}

/** Verifies a request's signature and remembers the request until somebody has logged in. */
async function begin(binding, parameters, url) {
  const message = { query: Object.fromEntries(url.searchParams), body: parameters };
  if (binding === "redirect") {
    // What was signed are these parameters as they were sent.
    message.octetString = ["SAMLRequest", "RelayState", "SigAlg"].map((name) => new RegExp(`${name}=[^&]*`).exec(url.search)?.[0]).filter(Boolean).join("&");
  }
  const { request, issuer } = await provider.request(binding, message, theirs);
  if (issuer !== theirs) throw new Error("an unknown service provider");
  const handle = randomBytes(16).toString("hex");
  waiting.set(handle, { request, relayState: parameters.RelayState ?? "" });
  return page(
    `<form method="post" action="/login"><input type="hidden" name="handle" value="${handle}"><label>User <input name="user"></label><button>Log in</button></form>`,
  );
}

async function finish({ handle, user: name }) {
  const user = users[name];
  const login = waiting.get(handle);
  if (!user || !login) throw new Error("nobody of this name, or no login under way");
  waiting.delete(handle);
  const encrypt = settings.encrypt ? GCM : undefined;
  const { attributes, subject, format } = user;
  const { key, sign } = settings;
  const xml = await provider.answer({ sp: theirs, requestId: login.request.id, attributes, subject, form: format, key, sign, encrypt });
  const acs = provider.acs(theirs);
  if (login.request.assertionConsumerServiceUrl && login.request.assertionConsumerServiceUrl !== acs) throw new Error("another address than the metadata's");
  const fields = { SAMLResponse: Buffer.from(xml).toString("base64"), RelayState: login.relayState };
  const inputs = Object.entries(fields).map(([field, value]) => `<input type="hidden" name="${field}" value="${escaped(value)}">`);
  return page(`<form method="post" action="${escaped(acs)}">${inputs.join("")}</form><script>document.forms[0].submit()</script>`);
}

server.on("request", async (request, response) => {
  const url = new URL(request.url, origin);
  const body = request.method === "POST" ? await text(request) : "";
  const form = () => Object.fromEntries(new URLSearchParams(body));
  const routes = {
    "GET /metadata": () => provider.metadata(),
    "GET /sso": () => begin("redirect", Object.fromEntries(url.searchParams), url),
    "POST /sso": () => begin("post", form(), url),
    "POST /login": () => finish(form()),
    "POST /control": () => control(JSON.parse(body)),
  };
  const route = routes[`${request.method} ${url.pathname}`];
  if (!route) return response.writeHead(404).end();
  try {
    const type = { "/metadata": "application/samlmetadata+xml", "/control": "application/json" }[url.pathname] ?? "text/html; charset=utf-8";
    const answer = await route();
    response.writeHead(200, { "content-type": type }).end(answer);
  } catch (error) {
    response.writeHead(400, { "content-type": "text/html; charset=utf-8" }).end(page(`<p>${escaped(String(error?.message ?? error))}</p>`));
  }
});
console.log(JSON.stringify({ port, origin, entityId: `${origin}/metadata`, metadataUrl: `${origin}/metadata` }));
process.stdin.resume().on("end", () => process.exit(0));
