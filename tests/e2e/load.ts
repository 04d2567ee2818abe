import { Agent, request as httpRequest } from "node:http";
import { onTestFinished } from "vitest";

/** A request to this machine. */
export interface Asked {
  path: string;
  method?: "GET" | "POST";
  /** JSON, where it begins like that. */
  body?: string;
}

/** Sends one request, over a connection of its own unless it is given others; resolves with its status and body, or with what went wrong. */
export function request({
  port,
  path,
  method = "GET",
  body,
  agent = new Agent(),
}: Asked & { port: number; agent?: Agent }) {
  const headers = { "content-type": body?.startsWith("{") ? "application/json" : "text/plain" };
  return new Promise<string>((resolve) => {
    const call = httpRequest(
      { host: "127.0.0.1", port, path, method, agent, ...(body ? { headers } : {}) },
      (answer) => {
        let text = "";
        answer.setEncoding("utf8").on("data", (more: string) => (text += more));
        answer.on("error", (error) => resolve(`failed: ${error.message}`));
        answer.on("end", () => resolve(`${answer.statusCode} ${text}`));
      },
    );
    call.on("error", (error) => resolve(`failed: ${error.message}`)).end(body);
  });
}

/**
 * Sends requests in turn, over connections of their own and over some that are kept, until it is stopped or the test ends.
 *
 * @param everyMs how long after the one before each is sent, in milliseconds. @default 20
 * @returns what stops it, which resolves with how often each answer came.
 */
export function loadOn(port: number, requests: readonly Asked[], everyMs = 20): () => Promise<Record<string, number>> {
  const kept = new Agent({ keepAlive: true, maxSockets: 8 });
  const answers = new Map<string, number>();
  const inFlight = new Set<Promise<void>>();
  let sent = 0;
  const timer = setInterval(() => {
    const asked = requests[sent % requests.length] as Asked;
    const one = request({ port, ...asked, ...(sent++ % 2 === 0 ? { agent: kept } : {}) }).then((answer) => {
      answers.set(answer, (answers.get(answer) ?? 0) + 1);
      inFlight.delete(one);
    });
    inFlight.add(one);
  }, everyMs);
  const stop = async () => {
    clearInterval(timer);
    await Promise.all(inFlight);
    kept.destroy();
    return Object.fromEntries([...answers].sort());
  };
  onTestFinished(async () => void (await stop()));
  return stop;
}
