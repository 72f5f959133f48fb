// What a test started, it ends: by handle, in reverse order, also after an error or Ctrl-C.
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** `run(use)`; `use(resource, close)` remembers how to close what it returns. */
export async function withResources(run) {
  const closers = [];
  let closing;
  const closeAll = () =>
    (closing ??= (async () => {
      for (const close of closers.reverse()) await close().catch((error) => console.error(`could not close: ${error.message}`));
    })());
  const interrupted = async (signal) => {
    await closeAll();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.once(signal, interrupted);
  const use = (resource, close = () => resource.close()) => {
    if (!closing) {
      closers.push(async () => close());
      return resource;
    }
    // Interrupted while this was starting: it must not outlive us.
    void Promise.resolve(close());
    throw new Error("interrupted");
  };
  try {
    return await run(use);
  } finally {
    await closeAll();
    for (const signal of signals) process.removeListener(signal, interrupted);
  }
}

/** A folder that is gone after `close`, and after our end where that comes first: others' handlers of Ctrl-C do not wait. */
export async function temporaryFolder(prefix) {
  const path = await mkdtemp(join(tmpdir(), prefix));
  const remove = () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  process.once("exit", remove);
  return {
    path,
    async close() {
      process.removeListener("exit", remove);
      remove();
    },
  };
}
