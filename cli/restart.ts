import type { Inspection, WorkloadStatus } from "../components/engines/inspection.ts";
import { reachEngine } from "./shared/engine.ts";
import { hold } from "./shared/hold.ts";
import { seconds } from "./shared/seconds.ts";
import { chosenServices, hasFailedToRelease } from "./shared/services.ts";
import { readState } from "./shared/stack.ts";

/**
 * Stops services, each with its own grace, starts them again, and waits until they are ready. Of one in several containers, one after
 * the other, so that the others serve.
 */
export const restart = (services: readonly string[]) =>
  each(
    services,
    { inTurn: true },
    async (engine, workload, signal) => `ready after ${seconds(await engine.restart(workload, signal))}`,
  );

/** Stops services, each with its own grace. They stay stopped until they are started, or brought up again. */
export const stop = (services: readonly string[]) =>
  each(services, { failed: true }, async (engine, workload) => {
    await engine.stop(workload);
    return "stopped";
  });

/** Starts services that were stopped, and waits until they are ready. */
export const start = (services: readonly string[]) =>
  each(
    services,
    {},
    async (engine, workload, signal) => `ready after ${seconds(await engine.start(workload, signal))}`,
  );

/**
 * Does something with services, side by side, and says of each container how it went.
 *
 * @param inTurn whether the containers of one service have their turn one after the other. @default false
 * @param failed whether also those of a release that has failed. @default false
 */
async function each(
  names: readonly string[],
  { inTurn = false, failed = false },
  act: (engine: Inspection, workload: WorkloadStatus, signal: AbortSignal) => Promise<string>,
): Promise<number> {
  await hold();
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort(new Error("interrupted")));
  const engine = await reachEngine(interrupted.signal);
  const found = await chosenServices(engine, readState(), names, "service");
  const rows = found.filter((row) => failed || !hasFailedToRelease(row));
  const turns = inTurn ? [...Map.groupBy(rows, ({ service }) => service).values()] : rows.map((row) => [row]);
  const results = await Promise.allSettled(
    turns.map(async (turn) => {
      for (const { replica, workload } of turn) {
        process.stdout.write(`${replica}: ${await act(engine, workload, interrupted.signal)}\n`);
      }
    }),
  );
  for (const result of results) {
    if (result.status === "rejected") process.stderr.write(`${(result.reason as Error).message}\n`);
  }
  return results.every(({ status }) => status === "fulfilled") ? 0 : 1;
}
