import { reachEngine } from "./shared/engine.ts";
import { hold } from "./shared/hold.ts";
import { seconds } from "./shared/seconds.ts";
import { chosenServices } from "./shared/services.ts";
import { readState } from "./shared/stack.ts";

// make restart [s=name]: services are stopped, each with its own grace, started again, and waited for.

await hold();
const stop = new AbortController();
process.once("SIGINT", () => stop.abort(new Error("interrupted")));
const engine = await reachEngine(stop.signal);
const rows = await chosenServices(engine, readState(), "service");
const results = await Promise.allSettled(
  rows.map(async ({ service, workload }) => {
    const took = await engine.restart(workload, stop.signal);
    process.stdout.write(`${service}: ready after ${seconds(took)}\n`);
  }),
);
for (const result of results) {
  if (result.status === "fulfilled") continue;
  process.stderr.write(`${(result.reason as Error).message}\n`);
  process.exitCode = 1;
}
