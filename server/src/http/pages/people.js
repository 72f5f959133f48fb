// The workspace's accounts, for its admins. Who may not is refused by the server, whatever is shown here.
import { ask, isLoggedIn } from "./ask.js";
import { action, choice, facts, field, form, moment, node, pinField, say, section, table } from "./parts.js";
import { sessionTable } from "./sessions.js";

const ROLES = ["viewer", "editor", "admin", "owner"];
/** Most accounts of one answer. */
const PAGE = 1000;

/** The roles that somebody may give: up to their own. */
const upTo = (role) => ROLES.slice(0, ROLES.indexOf(role) + 1);
const words = (text) => text.split(/[\s,]+/).filter((word) => word !== "");
const trustField = (value) => field("Trust level", { name: "trust_level", type: "number", min: "0", max: "10", required: true, value }, "0 to 10");
const channelsField = (value) => field("Channels", { name: "channels", autocomplete: "off", value }, "names with spaces between them");
const firstPin = () => pinField("First PIN", "pin", "new-password", "6 to 12 digits; its owner is asked to change it");

async function everyone() {
  const all = [];
  for (;;) {
    const after = all.length > 0 ? `?after=${encodeURIComponent(all.at(-1).username)}` : "";
    const more = await ask("GET", `/local/users${after}`);
    all.push(...more);
    if (more.length < PAGE) return all;
  }
}

export async function people(me, again) {
  const row = ({ id, username, name, role, trust_level, channels, must_change_pin, is_active }) => [
    node("a", { href: `#people/${encodeURIComponent(id)}` }, username),
    name,
    role ?? "none",
    String(trust_level),
    channels.join(", "),
    !is_active ? "deactivated" : must_change_pin ? "PIN to be changed" : "active",
  ];
  const accounts = await everyone();
  const create = async ({ username, name, pin, role, trust_level, channels }) => {
    const body = { username, pin, role, trust_level: Number(trust_level), channels: words(channels) };
    const made = await ask("POST", "/local/users", name === "" ? body : { ...body, name });
    await again();
    say(`${made.username} can log in now, and is asked for another PIN.`);
  };
  const fields = [
    field("Username", { name: "username", autocomplete: "off", autocapitalize: "none", spellcheck: "false", required: true, maxlength: "254" }),
    field("Name", { name: "name", autocomplete: "off", maxlength: "200" }, "for display; without it the username"),
    firstPin(),
    choice("Role", "role", upTo(me.role), "viewer"),
    trustField("0"),
    channelsField(""),
  ];
  return [
    "People",
    section("Accounts", table("Accounts", ["Username", "Name", "Role", "Trust", "Channels", "State"], accounts.map(row))),
    section("New account", form("New account", "Create account", fields, create)),
  ];
}

export async function person(me, id, again) {
  const account = (await everyone()).find((one) => one.id === id);
  if (account === undefined) return ["No such account", node("p", {}, node("a", { href: "#people" }, "All accounts"))];
  const at = `/local/users/${encodeURIComponent(id)}`;
  // Where those who stand as high log in from is not for everybody to see.
  const sessions = await ask("GET", `${at}/sessions`).catch((error) => {
    if (error.status === 403) return null;
    throw error;
  });
  const done = async (text) => {
    await again();
    if (isLoggedIn()) say(text);
  };
  const save = async ({ name, role, trust_level, channels }) => {
    const wanted = { name, role, trust_level: Number(trust_level), channels: words(channels) };
    // What stays is not sent: somebody else may be changing it.
    const changed = Object.entries(wanted).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(account[key]));
    await ask("PATCH", at, Object.fromEntries(changed));
    await done("The account is changed.");
  };
  const setPin = async ({ pin }) => {
    await ask("POST", `${at}/pin`, { pin });
    await done(`${account.username} has another PIN, and is asked to change it. All sessions have ended.`);
  };
  const activate = async (is_active) => {
    await ask("PATCH", at, { is_active });
    await done(is_active ? "The account is active again." : "The account is deactivated, and every token of it void.");
  };
  const end = async (session) => {
    await ask("DELETE", `${at}/sessions/${encodeURIComponent(session)}`);
    await done("The session has ended.");
  };
  const endAll = async () => {
    const { sessions } = await ask("POST", `${at}/revoke-tokens`);
    await done(`${sessions} sessions have ended.`);
  };
  const roles = upTo(me.role).includes(account.role) ? upTo(me.role) : [...upTo(me.role), account.role];
  const fields = [
    field("Name", { name: "name", autocomplete: "off", required: true, maxlength: "200", value: account.name }),
    // Who is no member any more is not made one in passing.
    account.role === null ? [] : choice("Role", "role", roles, account.role),
    trustField(String(account.trust_level)),
    channelsField(account.channels.join(" ")),
  ];
  const isOther = id !== me.id;
  return [
    account.username,
    section("Account", facts([
      ["State", account.is_active ? "active" : "deactivated"],
      ["PIN", account.must_change_pin ? "to be changed" : "its owner's own"],
      ["Made", moment(account.created_at)],
      ["Last login", moment(account.last_login_at)],
    ])),
    section("Change", form("Change account", "Save", fields, save)),
    isOther && section("Another PIN", form("Another PIN", "Set PIN", [firstPin()], setPin)),
    sessions !== null && section("Sessions", sessionTable(sessions, end), action("End all sessions", endAll)),
    isOther && section("Access", account.is_active ? action("Deactivate", () => activate(false)) : action("Activate", () => activate(true))),
    node("p", {}, node("a", { href: "#people" }, "All accounts")),
  ];
}
