// What a person does in the pages of these tests.

/** Fills in the provider's two forms: who are you, and do you agree. */
export async function logInAs(page, login) {
  await page.fill("input[name=login]", login);
  await page.fill("input[name=password]", "anything");
  await page.click("button[type=submit]");
  await page.click("button[type=submit]");
}
