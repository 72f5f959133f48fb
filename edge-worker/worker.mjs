// The Worker's entry: what `cargo xtask build` made of this crate. A failure of the module is never an answer.
import { fetch as handle, initSync } from "../target/wasm/pkg/edge-worker/lib.js";
import module from "../target/wasm/pkg/edge-worker/lib.wasm";

initSync({ module });

/** The longest body that is read of a request that was refused, in bytes. */
const LEFT_OVER = 64 * 1024;

/** A body that nobody read ends the connection, and with it the next request of whoever keeps connections, without a word. */
async function readToTheEnd({ body, bodyUsed, headers }) {
  if (!body || bodyUsed || body.locked || !(Number(headers.get("content-length") ?? NaN) <= LEFT_OVER)) return;
  await body.pipeTo(new WritableStream());
}

export default {
  async fetch(request, env, context) {
    try {
      const answer = await handle(request, env, context);
      context.waitUntil(readToTheEnd(request).catch(() => {}));
      return answer;
    } catch (error) {
      console.error(error);
      const problem = { type: "about:blank", title: "Internal Server Error", status: 500, detail: "the Worker cannot decide" };
      const headers = { "content-type": "application/problem+json", "cache-control": "no-store" };
      return new Response(JSON.stringify(problem), { status: 500, headers });
    }
  },
};
