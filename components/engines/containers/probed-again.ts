import { setTimeout as pause } from "node:timers/promises";
import type { EngineApi } from "./api.ts";

/** As many failures in a row make a service unhealthy. */
const FAILURES = 3;
const LONGEST_MS = 60_000;

/**
 * Waits for containers that were found unhealthy while something was away that is back: each until a probe passes, or until as
 * many have failed as make it unhealthy, of those that began after this wait.
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
