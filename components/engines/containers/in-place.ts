import { setTimeout as pause } from "node:timers/promises";
import type * as pulumi from "@pulumi/pulumi";
import { commandLine } from "../command-line.ts";
import type { ContainerState, EngineApi } from "./api.ts";

/**
 * Makes the changes that the provider would make in place (of those in provider-facts, section 2, these are what a workload sets)
 * before anything waits for the service, which may not get ready without them. The provider finds them made.
 */
export async function changeInPlace(
  api: EngineApi,
  service: string,
  { id = "", newInputs }: pulumi.ResourceHookArgs,
): Promise<void> {
  const { memory, memorySwap, restart } = newInputs as { memory: number; memorySwap: number; restart: string };
  const before = await api.inspect(id);
  // The wait for it reports that it is gone.
  if (!before) return;
  const change = () => api.update(id, { memoryMiB: memory, memorySwapMiB: memorySwap, restart });
  await change().catch(async (error: Error) => {
    if (await hasEnded(api, before)) return retryBetweenRuns(api, before, change);
    throw new Error(
      `${service}: its memory cannot be set to ${memory} MiB while it runs, which it does as before: it may hold more than ` +
        `that (${error.message.trim()}). Set more; or take it down first, by \`${commandLine("down")}\`, and bring it up again.`,
    );
  });
  // A service that fails is restarted with the changes. One that starts for the first time is left alone.
  const { health, restarts, status } = before;
  const fails = health?.status === "unhealthy" || (restarts > 0 && health?.status !== "healthy");
  if (status === "restarting" || (status === "running" && fails)) await api.restart(id);
}

/** Whether a container has ended since: it does not run, or its restart policy has started it again. */
async function hasEnded(api: EngineApi, before: ContainerState): Promise<boolean> {
  const now = await api.inspect(before.id);
  return now !== undefined && (now.status !== "running" || now.startedAt?.getTime() !== before.startedAt?.getTime());
}

const TRIES = 20;
const PAUSE_MS = 100;

/** The engine refuses a change while a container is between two runs, as one that ends again and again often is. */
async function retryBetweenRuns(api: EngineApi, before: ContainerState, change: () => Promise<void>): Promise<void> {
  for (let tried = 1; ; tried++) {
    try {
      return await change();
    } catch (error) {
      if (tried === TRIES || !(await hasEnded(api, before))) throw error;
      await pause(PAUSE_MS);
    }
  }
}
