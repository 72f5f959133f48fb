// A closed loop over kept connections: each asks again as soon as it has its answer.
import { Agent, request } from "node:http";

/** One connection or several to a port; `ask` sends `{ path, token }` and tells status and body. */
export function connections(port, count) {
  const agent = new Agent({ keepAlive: true, maxSockets: count });
  const ask = ({ path, token }) =>
    new Promise((resolve, reject) => {
      const sent = request({ agent, port, host: "127.0.0.1", path, headers: { authorization: `Bearer ${token}` } }, (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (text) => (body += text)).on("end", () => resolve({ status: response.statusCode, body }));
        response.on("error", reject);
      });
      sent.setTimeout(30_000, () => sent.destroy(new Error("no answer in 30 s")));
      sent.on("error", reject).end();
    });
  return { ask, close: () => agent.destroy() };
}

/** Asks each question once over `width` connections; microseconds of each. An answer that is not the known one is no measurement. */
export async function loop({ ask }, questions, width) {
  const samples = [];
  let next = 0;
  const one = async () => {
    while (next < questions.length) {
      const question = questions[next++];
      const start = performance.now();
      const { status, body } = await ask(question);
      samples.push((performance.now() - start) * 1000);
      if (status !== question.status) throw new Error(`${question.path}: ${status}, not ${question.status}: ${body.slice(0, 300)}`);
    }
  };
  await Promise.all(Array.from({ length: width }, one));
  return samples;
}

export function spread(samples) {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)];
  return { min: at(0), p10: at(0.1), median: at(0.5) };
}
