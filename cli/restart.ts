import type { Inspection, WorkloadStatus } from "../components/engines/inspection.ts";
import { reachEngine } from "./shared/engine.ts";
import { hold } from "./shared/hold.ts";
import { seconds } from "./shared/seconds.ts";
import { chosenServices } from "./shared/services.ts";
import { readState } from "./shared/stack.ts";

/** Stops services, each with its own grace, starts them again, and waits until they are ready. */
export const restart = (services: readonly string[]) =>
  each(services, async (engine, workload, signal) => `ready after ${seconds(await engine.restart(workload, signal))}`);

/** Stops services, each with its own grace. They stay stopped until they are started, or brought up again. */
export const stop = (services: readonly string[]) =>
  each(services, async (engine, workload) => {
    await engine.stop(workload);
    return "stopped";
  });

/** Starts services that were stopped, and waits until they are ready. */
export const start = (services: readonly string[]) =>
  each(services, async (engine, workload, signal) => `ready after ${seconds(await engine.start(workload, signal))}`);

/** Does something with services, side by side, and says of each how it went. */
async function each(
  names: readonly string[],
  act: (engine: Inspection, workload: WorkloadStatus, signal: AbortSignal) => Promise<string>,
): Promise<number> {
  await hold();
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  const engine = await reachEngine(interrupted.signal);
  const rows = await chosenServices(engine, readState(), names, "service");
  const results = await Promise.allSettled(
    rows.map(async ({ service, workload }) => {
      process.stdout.write(`${service}: ${await act(engine, workload, interrupted.signal)}\n`);
    }),
  );
  for (const result of results) {
    if (result.status === "rejected") process.stderr.write(`${(result.reason as Error).message}\n`);
  }
  return results.every(({ status }) => status === "fulfilled") ? 0 : 1;
}
