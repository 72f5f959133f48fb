// A browser's part of the authorization code flow with PKCE (RFC 6749 §4.1, RFC 7636), by fetch and a cookie jar.
import { createHash, randomBytes } from "node:crypto";

const random = () => randomBytes(32).toString("base64url");

/** Follows redirects by hand, because fetch keeps no cookies, until one leads to `stop`. */
class Browser {
  #jar = new Map();

  async request(url, init = {}) {
    const cookie = [...this.#jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(url, { ...init, redirect: "manual", headers: { ...init.headers, cookie } });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (value) this.#jar.set(name, value);
      else this.#jar.delete(name);
    }
    return response;
  }

  /** The page or, once a redirect leads to `stop`, that address. */
  async open(url, init, stop) {
    for (let hops = 0; hops < 10; hops++) {
      const response = await this.request(url, init);
      const location = response.headers.get("location");
      if (!location) return { url, page: await response.text(), status: response.status };
      url = new URL(location, url).href;
      init = undefined;
      if (url.startsWith(stop)) return { url };
    }
    throw new Error("the provider redirects without end");
  }
}

/** Logs `login` in and returns `{ id_token, access_token }`. */
export async function login(provider, { clientId, login, resource }) {
  const browser = new Browser();
  const verifier = random();
  const state = random();
  const parameters = {
    client_id: clientId,
    response_type: "code",
    scope: "openid email profile notes:read",
    redirect_uri: provider.redirect,
    resource,
    state,
    nonce: random(),
    code_challenge: createHash("sha256").update(verifier).digest("base64url"),
    code_challenge_method: "S256",
  };
  let at = await browser.open(`${provider.issuer}/auth?${new URLSearchParams(parameters)}`, undefined, provider.redirect);
  // Two forms: who are you, and do you agree.
  for (let forms = 0; at.page && forms < 4; forms++) {
    const [, action] = /<form[^>]*action="([^"]+)"/.exec(at.page) ?? fail(`the provider answered ${at.status} without a form`);
    const [, prompt] = /name="prompt" value="(\w+)"/.exec(at.page) ?? fail("the provider's form asks for nothing");
    const body = new URLSearchParams({ prompt, login, password: "any" });
    at = await browser.open(new URL(action, at.url).href, { method: "POST", body }, provider.redirect);
  }
  const answer = new URL(at.url).searchParams;
  if (answer.get("state") !== state) fail("the state did not come back");
  const code = answer.get("code") ?? fail(`no code: ${answer}`);
  const body = new URLSearchParams({
    grant_type: "authorization_code",
    client_id: clientId,
    redirect_uri: provider.redirect,
    code_verifier: verifier,
    code,
    resource,
  });
  const tokens = await (await fetch(`${provider.issuer}/token`, { method: "POST", body })).json();
  if (!tokens.id_token || !tokens.access_token) fail(`no tokens: ${tokens.error ?? "unknown"}`);
  return tokens;
}

function fail(why) {
  throw new Error(`login failed: ${why}`);
}
