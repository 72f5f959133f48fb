// Requests as an attacker sends them: fetch would tidy up paths and join headers.
import { request } from "node:http";
import { text } from "node:stream/consumers";

/** `headers` are pairs: a name may come more than once. */
export function ask(origin, path, { method = "GET", headers = [] } = {}) {
  const { hostname, port, host } = new URL(origin);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers: ["host", host, ...(method === "GET" ? [] : ["content-length", "0"]), ...headers.flat()], setHost: false });
    sent.once("error", reject);
    sent.once("response", async (response) => {
      const body = await text(response);
      const type = response.headers["content-type"] ?? "";
      resolve({ status: response.statusCode, headers: response.headers, body: type.includes("json") && body ? JSON.parse(body) : body });
    });
    sent.end();
  });
}

export const bearer = (token) => ["authorization", `Bearer ${token}`];
