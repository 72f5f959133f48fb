// The Worker's entry: what `cargo xtask build` made of this crate. A failure of the module is never an answer.
import { fetch as handle, initSync } from "../target/wasm/pkg/edge-worker/lib.js";
import module from "../target/wasm/pkg/edge-worker/lib.wasm";

initSync({ module });

export default {
  async fetch(request, env, context) {
    try {
      return await handle(request, env, context);
    } catch (error) {
      console.error(error);
      const problem = { type: "about:blank", title: "Internal Server Error", status: 500, detail: "the Worker cannot decide" };
      const headers = { "content-type": "application/problem+json", "cache-control": "no-store" };
      return new Response(JSON.stringify(problem), { status: 500, headers });
    }
  },
};
