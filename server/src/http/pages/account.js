// One's own account: log in, see it, change the PIN, end sessions. Everything here is a hint; the server decides.
import { ask, changePin, isLoggedIn, logIn, logOut, onEnd } from "./ask.js";
import { action, facts, field, form, moment, node, pinField, say, section, show } from "./parts.js";
import { people, person } from "./people.js";
import { sessionTable } from "./sessions.js";

const ADMINS = ["admin", "owner"];
/** Of several views that are being made the last one is shown. */
let asked = 0;

function loginView(why = "") {
  asked += 1;
  document.querySelector("#top").replaceChildren();
  say(why);
  const fields = [
    field("Username", { name: "username", autocomplete: "username", autocapitalize: "none", spellcheck: "false", required: true, maxlength: "254" }),
    pinField("PIN", "pin", "current-password"),
  ];
  const submit = async ({ username, pin }) => {
    await logIn(username, pin);
    say("");
    await route();
  };
  show("Log in", form("Log in", "Log in", fields, submit));
  document.querySelector("input[name=username]").focus();
}

function frame({ role }, path) {
  const link = (to, text) => node("a", { href: to, "aria-current": path === to ? "page" : undefined }, text);
  const leave = async () => {
    const told = await logOut();
    history.replaceState(null, "", "/account");
    loginView(told ? "You are logged out." : "You are logged out here. The server could not be told: end the session from elsewhere.");
  };
  document
    .querySelector("#top")
    .replaceChildren(node("nav", { "aria-label": "Account" }, link("#profile", "Profile"), ADMINS.includes(role) ? link("#people", "People") : null, action("Log out", leave)));
}

/** Asks for another PIN and keeps nobody from anything. */
function banner({ must_change_pin }) {
  if (!must_change_pin) return null;
  const go = () => document.querySelector("input[name=current_pin]")?.focus();
  const open = () => (document.querySelector("input[name=current_pin]") ? go() : (location.hash = "#profile"));
  return node("section", { class: "banner", "aria-label": "New PIN wanted" }, node("p", {}, "Others know your PIN. Please choose one that only you know. ", node("button", { type: "button", onclick: open }, "Choose a new PIN")));
}

async function profileView(me) {
  const sessions = await ask("GET", "/users/me/sessions");
  const done = async (text) => {
    await route();
    if (isLoggedIn()) say(text);
  };
  const end = async (id) => {
    await ask("DELETE", `/users/me/sessions/${encodeURIComponent(id)}`);
    await done("The session has ended.");
  };
  const endOthers = async () => {
    const { sessions } = await ask("POST", "/users/me/sessions/revoke-others");
    await done(`${sessions} other sessions have ended.`);
  };
  const change = async ({ current_pin, new_pin, again }) => {
    if (new_pin !== again) throw new Error("The two new PINs are not the same");
    await changePin(current_pin, new_pin);
    await done("Your PIN is changed. Your other sessions have ended.");
  };
  const pins = [
    pinField("PIN of now", "current_pin", "current-password"),
    pinField("New PIN", "new_pin", "new-password", "6 to 12 digits; no repetition, no row like 123456"),
    pinField("New PIN, again", "again", "new-password"),
  ];
  return [
    me.name,
    section("Profile", facts([
      ["Username", me.username],
      ["Name", me.name],
      ["Role", me.role ?? "none"],
      ["Trust level", `${me.trust_level} of 10`],
      ["Channels", me.channels.length > 0 ? me.channels.join(", ") : "none"],
      ["Last login", moment(me.last_login_at)],
    ])),
    section("Change PIN", form("Change PIN", "Change PIN", pins, change)),
    section("Sessions", sessionTable(sessions, end), action("End all other sessions", endOthers)),
  ];
}

async function route() {
  if (!isLoggedIn()) return loginView();
  const turn = (asked += 1);
  const [path, id] = location.hash.split("/");
  try {
    const me = await ask("GET", "/local/me");
    const isPeople = path === "#people";
    let view;
    if (!isPeople) view = await profileView(me);
    else if (!ADMINS.includes(me.role)) view = ["Not for you", node("p", {}, "People are managed by the admins of the workspace.")];
    else view = await (id ? person(me, id, route) : people(me, route));
    if (turn !== asked) return;
    frame(me, isPeople ? "#people" : "#profile");
    const [title, ...parts] = view;
    show(title, ...[banner(me), ...parts].filter(Boolean));
  } catch (error) {
    if (turn !== asked || !isLoggedIn()) return;
    show("Account", node("p", { role: "alert" }, error.message), action("Try again", route));
  }
}

onEnd(() => loginView("Your session has ended. Log in again."));
addEventListener("hashchange", () => {
  say("");
  void route();
});
// A page that the browser has kept and shows again, and one that is looked at again, may have ended meanwhile.
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && isLoggedIn()) ask("GET", "/local/me").catch(() => {});
});
void route();
