// The Worker's entry: what `cargo xtask build` made of this crate. It translates between the platform and the module, in few calls, and
// decides nothing. A failure of the module is never an answer.
import { begin, goOn, initSync, personal, place, unanswered } from "../target/wasm/pkg/edge-worker/lib.js";
import module from "../target/wasm/pkg/edge-worker/lib.wasm";

initSync({ module });

/** The longest body that is read of a request that was refused, in bytes. */
const LEFT_OVER = 64 * 1024;

/** A body that nobody read ends the connection, and with it the next request of whoever keeps connections, without a word. */
async function readToTheEnd({ body, bodyUsed, headers }) {
  if (bodyUsed || body.locked || !(Number(headers.get("content-length") ?? NaN) <= LEFT_OVER)) return;
  await body.pipeTo(new WritableStream());
}

/** How many lines; the method, the URL's parts as the platform reads them, and each header's name and value. */
function head(request) {
  const { protocol, host, pathname, search } = new URL(request.url);
  const lines = [0, request.method, protocol, host, pathname, search];
  request.headers.forEach((value, name) => lines.push(name, value));
  lines[0] = lines.length;
  return lines.join("\n");
}

/** Step by step to the module's outcome: an answer, or how the request goes on. */
async function decide(request, env, context) {
  let given = begin(head(request), request, env, context);
  while (given instanceof Promise) {
    const at = place();
    if (at < 0) return given;
    let [isKept, value] = [true, undefined];
    try {
      value = await given;
    } catch (error) {
      [isKept, value] = [false, error];
    }
    given = goOn(at, isKept, value);
  }
  return given;
}

/** The changes to the headers of a personal answer, for what an origin said last about caches. */
let [said, changes] = [undefined, []];

function hide(headers, control) {
  if (said !== control) [said, changes] = [control, personal(control ?? "").split("\n")];
  for (let at = 0; at + 2 < changes.length; at += 3) headers[changes[at]](changes[at + 1], changes[at + 2]);
}

/** Sends the request on as the module says: to where, what to tell about the time, whether it is personal, headers to drop and to set. */
async function forward(request, plan) {
  const lines = plan.split("\n");
  const [target, timing, isPersonal, dropped] = lines;
  const headers = new Headers(request.headers);
  let at = 4;
  for (const end = at + Number(dropped); at < end; at++) headers.delete(lines[at]);
  for (; at + 1 < lines.length; at += 2) headers.set(lines[at], lines[at + 1]);
  const init = { method: request.method, headers, redirect: "manual" };
  const { body } = request;
  if (body) init.body = body;
  if (isPersonal) init.cache = "no-store";
  const began = Date.now();
  let response;
  try {
    response = await fetch(target, init);
  } catch (error) {
    response = unanswered(String(error));
  }
  // A WebSocket: there is nothing to rewrite, and its other end is in the answer itself.
  if (response.status === 101) return response;
  const answer = new Response(response.body, response);
  if (isPersonal) hide(answer.headers, answer.headers.get("cache-control"));
  answer.headers.append("server-timing", timing + (Date.now() - began));
  return answer;
}

export default {
  async fetch(request, env, context) {
    try {
      const given = await decide(request, env, context);
      const answer = typeof given === "string" ? await forward(request, given) : given;
      if (request.body) context.waitUntil(readToTheEnd(request).catch(() => {}));
      return answer;
    } catch (error) {
      console.error(error);
      const problem = { type: "about:blank", title: "Internal Server Error", status: 500, detail: "the Worker cannot decide" };
      const headers = { "content-type": "application/problem+json", "cache-control": "no-store" };
      return new Response(JSON.stringify(problem), { status: 500, headers });
    }
  },
};
