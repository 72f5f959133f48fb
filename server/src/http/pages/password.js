// Where a password link leads. Its secret comes in the fragment, is taken out of the address before anything else is done,
// and goes to this server alone, in a body.
const secret = location.hash.slice(1);
history.replaceState(null, "", "/password");
// A second link, opened in the same tab, changes the fragment alone.
addEventListener("hashchange", () => location.hash !== "" && location.reload());

const { askAsNobody } = await import("/account/ask.js");
const { field, form, node, show } = await import("/account/parts.js");

const again = () => node("p", {}, "The link is used up, has expired, or is not complete. Open it again as you were given it, or ask an administrator for another one.");

async function set({ password, again: repeated }) {
  if (password !== repeated) throw new Error("The two passwords are not the same");
  try {
    await askAsNobody("POST", "/api/v1/auth/password/reset", { secret, new_password: password });
  } catch (error) {
    if (error.answer?.code !== "link_invalid") throw error;
    show("This link is not good", again());
    return;
  }
  show("The password is set", node("p", {}, "You are logged out everywhere. Log in with your address and the new password."));
}

/** Every rule that the password breaks, in the server's words. */
const broken = ({ answer }) => {
  const rules = answer?.code === "password_refused" && Array.isArray(answer.violations) ? answer.violations : [];
  return rules.length > 0 ? [node("ul", {}, rules.map(({ detail }) => node("li", {}, String(detail))))] : [];
};

const hint = "at least 12 characters, with an upper-case letter, a lower-case letter, a digit and a symbol";
const typed = { type: "password", autocomplete: "new-password", required: true };
if (secret === "") {
  show("This link is not good", again());
} else {
  const fields = [field("New password", { ...typed, name: "password" }, hint), field("New password, again", { ...typed, name: "again" })];
  show("Set a password", form("Set a password", "Set password", fields, set, broken));
}
