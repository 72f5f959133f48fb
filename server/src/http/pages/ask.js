// The one way in which these pages ask the server, and the one place that holds the token.
//
// It lies in `sessionStorage`: it survives a reload and ends with the tab, no other tab or origin sees it, and no cookie is
// sent with what another site's page asks. In memory alone it would be no safer from a script of this origin, which could
// ask in its user's name, too: what keeps scripts out is the page's policy.

const KEY = "sentinel.account";

/** What the server, or the way to it, said no with. */
export class Refused extends Error {
  constructor(status, message, answer = {}) {
    super(message);
    this.status = status;
    this.answer = answer;
  }
}

let token = read();
let ended = () => {};

/** A browser may have no storage for pages: then the token is in memory. */
function read() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(next) {
  token = next;
  try {
    if (next === null) sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, next);
  } catch {
    // See above.
  }
}

/** What a token says: of which session it is, and since when. Nobody here goes by it but to tell two tokens apart. */
function claims(jwt) {
  try {
    return JSON.parse(atob(jwt.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
  } catch {
    return {};
  }
}

/** The next token takes the place of its own session's older one, and of nothing else. */
function take(next) {
  const [old, fresh] = [claims(token), claims(next)];
  if (fresh.sid !== undefined && fresh.sid === old.sid && fresh.iat > old.iat) keep(next);
}

export const isLoggedIn = () => token !== null;

/** Called where the session has ended by itself. */
export const onEnd = (listener) => void (ended = listener);

/** What the server says, in words. */
async function refusal(response) {
  const answer = await response.json().catch(() => ({}));
  const { detail } = answer;
  const wait = response.headers.get("retry-after");
  const said = Array.isArray(detail) ? detail.map(({ loc, msg }) => `${loc?.at(-1) ?? ""}: ${msg}`).join("; ") : detail;
  const message = typeof said === "string" && said !== "" ? said : `The server answered ${response.status}`;
  return new Refused(response.status, wait === null ? message : `${message}. Try again in ${wait} seconds.`, answer);
}

async function send(method, path, body, bearer) {
  const headers = { accept: "application/json" };
  if (bearer !== null) headers.authorization = `Bearer ${bearer}`;
  // Also without a body: another site's page cannot send this without being asked for leave first (WHATWG Fetch, CORS protocol).
  if (method !== "GET") headers["content-type"] = "application/json";
  try {
    return await fetch(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      referrerPolicy: "no-referrer",
    });
  } catch {
    throw new Refused(0, "The server cannot be reached");
  }
}

/** The answer to what ends the session of now brings the same person's next one: in its place, unless that has ended here meanwhile. */
function takeAnother(next) {
  const { sub } = claims(next);
  if (token !== null && sub !== undefined && sub === claims(token).sub) keep(next);
}

/** The JSON of a good answer; throws `Refused` for every other one. `accept` judges the token that the answer brings. */
async function converse(method, path, body, accept) {
  let sent = token;
  let response = await send(method, path, body, sent);
  // The token was followed by another one meanwhile, and did not hold for so long.
  if (response.status === 401 && sent !== null && token !== null && token !== sent) {
    sent = token;
    response = await send(method, path, body, sent);
  }
  const next = response.headers.get("x-refreshed-token");
  if (response.ok && next !== null) accept(next);
  if (response.status === 401 && sent !== null && sent === token) {
    keep(null);
    ended();
  }
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? undefined : response.json().catch(() => { throw new Refused(0, "The answer is not JSON"); });
}

export const ask = (method, path, body) => converse(method, path, body, take);

/** Everyone who had a token of the person's has none any more; this window has a new one. */
export const changePin = (current_pin, new_pin) => converse("POST", "/local/pin", { current_pin, new_pin }, takeAnother);

/** Asks nobody's in particular: without the token. */
export async function askAsNobody(method, path, body) {
  const response = await send(method, path, body, null);
  if (!response.ok) throw await refusal(response);
  return response.status === 204 ? undefined : response.json();
}

export async function logIn(username, pin) {
  const { access_token, user } = await askAsNobody("POST", "/local/login", { username, pin });
  keep(access_token);
  return user;
}

/** The token is gone here at once, whether the server hears of it or not; resolves to whether it did. */
export async function logOut() {
  const told = ask("POST", "/auth/logout");
  keep(null);
  return told.then(() => true, ({ status }) => status === 401);
}
