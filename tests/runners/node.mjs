// The vectors in Node, on a thread that can be ended: node:crypto, WebCrypto, pure WebAssembly, and the published entry points.
import { Worker } from "node:worker_threads";
import { drive } from "./drive.mjs";

await drive(async () => {
  const thread = new Worker(new URL("thread.mjs", import.meta.url));
  // One question at a time: what the thread says is the answer to it, and when it ends that is the answer too.
  let pending;
  const next = () => new Promise((resolve, reject) => (pending = { resolve, reject }));
  thread.on("message", (message) => pending.resolve(message));
  thread.on("error", (error) => pending.reject(error));
  thread.on("exit", (code) => pending.reject(new Error(`the thread ended with ${code}`)));
  await next();
  return {
    ask: (items) => {
      const answer = next();
      thread.postMessage(items);
      return answer;
    },
    close: () => thread.terminate(),
  };
});
