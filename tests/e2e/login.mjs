// A browser's part of the authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636), by fetch and a cookie jar.
import { createHash, randomBytes } from "node:crypto";

const random = () => randomBytes(32).toString("base64url");
const challengeOf = (verifier) => createHash("sha256").update(verifier).digest("base64url");

/** Follows redirects by hand, because fetch keeps no cookies, until one leads to `stop`. */
export class Browser {
  /** Each host's cookies. */
  #jars = new Map();

  async request(url, init = {}) {
    const { host } = new URL(url);
    if (!this.#jars.has(host)) this.#jars.set(host, new Map());
    const jar = this.#jars.get(host);
    const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { ...init, redirect: "manual", headers: { ...init.headers, cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) jar.set(name, value);
      else jar.delete(name);
    }
    return response;
  }

  /** The page or, once a redirect leads to `stop`, that address. */
  async open(url, init, stop) {
    for (let hops = 0; hops < 20; hops++) {
      const response = await this.request(url, init);
      const location = response.headers.get("location");
      if (!location) return { url, page: await response.text(), status: response.status };
      url = new URL(location, url).href;
      init = undefined;
      if (url.startsWith(stop)) return { url };
    }
    throw new Error("redirects without end");
  }

  /** Opens a login and fills in the provider's two forms, who are you and do you agree: what `stop` receives. */
  async logIn(url, login, stop) {
    return new URL(await this.answer(url, login, stop)).searchParams;
  }

  /** As `logIn`: the whole address that the browser is sent to, below `stop`. */
  async answer(url, login, stop) {
    let at = await this.open(url, undefined, stop);
    for (let forms = 0; at.page !== undefined && forms < 4; forms++) {
      const [, action] = /<form[^>]*action="([^"]+)"/.exec(at.page) ?? fail(`${at.status} without a form: ${at.page.slice(0, 200)}`);
      const [, prompt] = /name="prompt" value="(\w+)"/.exec(at.page) ?? fail("the form asks for nothing");
      const body = new URLSearchParams({ prompt, login, password: "any" });
      at = await this.open(new URL(action, at.url).href, { method: "POST", body }, stop);
    }
    return at.url;
  }
}

/** Logs `login` in at the provider itself and returns `{ id_token, access_token }`. */
export async function login(provider, { clientId, login, resource }) {
  const [verifier, state] = [random(), random()];
  const wanted = resource ? { resource } : {};
  const parameters = {
    client_id: clientId,
    response_type: "code",
    scope: "openid email profile notes:read",
    redirect_uri: provider.redirect,
    ...wanted,
    state,
    nonce: random(),
    code_challenge: challengeOf(verifier),
    code_challenge_method: "S256",
  };
  const answer = await new Browser().logIn(`${provider.issuer}/auth?${new URLSearchParams(parameters)}`, login, provider.redirect);
  if (answer.get("state") !== state) fail("the state did not come back");
  const code = answer.get("code") ?? fail(`no code: ${answer}`);
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: clientId,
    redirect_uri: provider.redirect,
    code_verifier: verifier,
    code,
    ...wanted,
  });
  const tokens = await (await fetch(`${provider.issuer}/token`, { method: "POST", body })).json();
  if (!tokens.id_token || !tokens.access_token) fail(`no tokens: ${tokens.error ?? "unknown"}`);
  return tokens;
}

/**
 * Logs `login` in through the server, as a front end in proxy mode does, and returns the workspace that was taken, the
 * first one, and the server's tokens.
 */
export async function loginThrough(server, { login, redirect }) {
  const [verifier, state] = [random(), random()];
  const parameters = { redirect_uri: redirect, code_challenge: challengeOf(verifier), code_challenge_method: "S256", state };
  const start = `${server.url}/auth/login/oidc?${new URLSearchParams(parameters)}`;
  const answer = await new Browser().logIn(start, login, redirect);
  if (answer.get("state") !== state) fail("the state did not come back");
  const code = answer.get("code") ?? fail(`no code: ${answer}`);
  const [workspace] = await json(`${server.url}/auth/workspaces?${new URLSearchParams({ code })}`);
  const tokens = await json(`${server.url}/auth/token`, { code, workspace_id: workspace.id, code_verifier: verifier });
  return { workspace, ...tokens };
}

/** A good answer's JSON; with a body it is posted. */
export async function json(url, body, headers = {}) {
  const init = body && { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers } };
  const response = await fetch(url, init ?? { headers });
  if (!response.ok) throw new Error(`${response.status} from ${url}: ${await response.text()}`);
  return response.json();
}

function fail(why) {
  throw new Error(`login failed: ${why}`);
}
