import { createVerifier } from "sentinel-edge";
import { options } from "./options.mjs";

export async function make(data) {
  const [sync, awaited] = [await createVerifier(options(data)), await createVerifier(options(data))];
  return {
    "sentinel, verifySync": (token) => sync.verifySync(token).claims,
    "sentinel, verify": async (token) => (await awaited.verify(token)).claims,
  };
}
