// A deployment without an identity provider: its owner comes out of a PIN file, everybody else is made by her.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startSentinel } from "../e2e/sentinel.mjs";
import { temporaryFolder } from "../hosts/resources.mjs";

/** What stands in the file, and what the owner chooses in its place. */
export const [FIRST, OWNERS] = ["1234", "739154"];
/** What an admin gives to others, who are asked to change it. */
export const GIVEN = "582047";

export async function startHousehold(use, settings = {}) {
  const folder = use(await temporaryFolder("household-"));
  const file = join(folder.path, "owner.pin");
  await writeFile(file, `${FIRST}\n`);
  // A minute's tokens: the next one comes after six seconds.
  return use(await startSentinel({ OWNER_PIN_FILE: file, LOCAL_TOKEN_EXPIRE_MINUTES: "1", RATE_LIMIT_RPM: "0", ...settings }));
}

/** Long enough for a tenth of a token's life. */
export const untilDue = () => new Promise((resolve) => setTimeout(resolve, 7_500));

/** What a token says. */
export const claims = (token) => JSON.parse(Buffer.from(token.split(".")[1], "base64url"));
