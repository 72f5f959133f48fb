// The vectors in Cloudflare's workerd, posted to a Worker: its node:crypto, its WebCrypto, pure WebAssembly, and the published
// entry points.
import { fileURLToPath } from "node:url";
import { startWorkerd } from "../hosts/workerd.mjs";
import { drive } from "./drive.mjs";

await drive(async () => {
  const worker = await startWorkerd({ entry: fileURLToPath(new URL("worker.mjs", import.meta.url)) });
  return {
    ask: async (items) => {
      const response = await worker.fetch("/", { method: "POST", body: JSON.stringify(items) });
      if (!response.ok) throw new Error(`the Worker answered ${response.status}: ${await response.text()}`);
      return response.json();
    },
    close: worker.close,
  };
});
