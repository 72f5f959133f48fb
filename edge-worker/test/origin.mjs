// An origin behind the gateway: it answers with what it received, and can be told to answer otherwise.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

export const GATEWAY_KEY = "what the gateway and its origin share, 32 bytes and more";

/** Starts it; `t` stops it. `answer(request, response, body)` may answer instead. */
export async function origin(t, answer) {
  const received = [];
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    received.push({ method: request.method, url: request.url, headers: request.headers, body });
    if (answer?.(request, response, body)) return;
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(received.at(-1)));
  });
  // RFC 6455 §4.2.2; then one text frame, and the end.
  server.on("upgrade", (request, socket) => {
    received.push({ method: request.method, url: request.url, headers: request.headers });
    const accept = createHash("sha1").update(`${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    const text = Buffer.from(`hello ${request.headers["x-sentinel-user-id"]}`);
    socket.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
    socket.on("error", () => {});
    t.after(() => socket.destroy());
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  t.after(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${server.address().port}`, received };
}

/** The claims of a proof whose signature holds, checked with Node's own HMAC. */
export function proven(proof) {
  const [header, payload, signature] = proof.split(".");
  const expected = createHmac("sha256", GATEWAY_KEY).update(`${header}.${payload}`).digest();
  if (!timingSafeEqual(expected, Buffer.from(signature, "base64url"))) throw new Error("the proof's signature does not hold");
  const json = (part) => JSON.parse(Buffer.from(part, "base64url"));
  return { header: json(header), claims: json(payload) };
}
