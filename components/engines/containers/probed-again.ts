import { setTimeout as pause } from "node:timers/promises";
import type { EngineApi } from "./api.ts";

/** The failures in a row that make a service unhealthy. */
const FAILURES = 3;
const LONGEST_MS = 60_000;

/**
 * Waits for containers that were found unhealthy while a service that they need was down: each until a probe passes, or until as
 * many probes of this wait have failed as make it unhealthy.
 */
export async function probedAgain(api: EngineApi, containers: readonly string[]): Promise<void> {
  if (containers.length === 0) return;
  const clock = await api.clock();
  const began = Date.now();
  const over = async (container: string) => {
    const health = (await api.inspect(container))?.health;
    const since = health?.probes.filter(({ start }) => clock.here(start).getTime() >= began) ?? [];
    return health?.status !== "unhealthy" || since.length >= FAILURES || Date.now() - began >= LONGEST_MS;
  };
  await Promise.all(
    containers.map(async (container) => {
      while (!(await over(container))) await pause(500);
    }),
  );
}
