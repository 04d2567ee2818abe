import { Agent, request } from "node:http";
import { parentPort, workerData } from "node:worker_threads";
import { Tally } from "./tally.ts";

// Sends requests at a steady rate, whether those before have been answered or not, and counts how long each takes from the moment at
// which it was due. In a thread of its own, so that nothing else that the run does makes it late.

/** What it is told. */
export interface Told {
  port: number;
  /** Requests per second. */
  rate: number;
}

const { port, rate } = workerData as Told;
/** A request without an answer has failed after that. */
const PATIENCE_MS = 10_000;

const kept = new Agent({ keepAlive: true, maxSockets: 64 });
const single = new Agent({ keepAlive: false });

/** Of ten requests one writes, two get the page, and seven read. */
const KINDS = ["write", "page", "read", "read", "read", "read", "page", "read", "read", "read"] as const;
const PATHS = { write: "/api/items", page: "/", read: "/api/items" };

let tally = new Tally();
let inFlight = new Set<Promise<void>>();
let sent = 0;
const began = performance.now();

const timer = setInterval(() => {
  const due = (performance.now() - began) / (1_000 / rate);
  while (sent < due) send(sent++);
}, 2);

function send(number: number): void {
  const kind = KINDS[number % KINDS.length] ?? "read";
  const agent = Math.floor(number / KINDS.length) % 2 === 0 ? kept : single;
  const dueAt = began + number * (1_000 / rate);
  const [counted, flying] = [tally, inFlight];
  const one = answered(kind, agent).then((failure) => {
    counted.add(performance.now() - dueAt, failure);
    flying.delete(one);
  });
  flying.add(one);
}

/** Resolves with what went wrong; undefined where it was answered as it should be. */
function answered(kind: keyof typeof PATHS, agent: Agent): Promise<string | undefined> {
  const how = `${kind}${agent === kept ? ", kept alive" : ""}`;
  return new Promise((resolve) => {
    const [method, headers, body] =
      kind === "write"
        ? (["POST", { "content-type": "application/json" }, JSON.stringify({ text: "soak" })] as const)
        : (["GET", {}, undefined] as const);
    const call = request({ host: "127.0.0.1", port, path: PATHS[kind], method, headers, agent }, (answer) => {
      const { statusCode = 0 } = answer;
      answer
        .resume()
        .on("end", () => resolve(statusCode >= 200 && statusCode < 300 ? undefined : `${how}: ${statusCode}`))
        .on("error", ({ message }) => resolve(`${how}: ${message}`));
    });
    call
      .setTimeout(PATIENCE_MS, () => call.destroy(new Error("no answer")))
      .on("error", ({ message }) => resolve(`${how}: ${message}`))
      .end(body);
  });
}

// What was asked for is said once all that was sent before has been answered.
parentPort?.on("message", async (message: "next" | "end") => {
  const [done, flying] = [tally, inFlight];
  tally = new Tally();
  inFlight = new Set();
  if (message === "end") clearInterval(timer);
  await Promise.all(flying);
  parentPort?.postMessage(done.seen);
  if (message === "end") parentPort?.close();
});
