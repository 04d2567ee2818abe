import * as pulumi from "@pulumi/pulumi";
import type { Platform } from "../platform.ts";

const MIB = 1024 ** 2;

/** Limits of a service that its machine has to be large enough for. */
interface Wanted {
  subject: string;
  memoryMiB: number;
  cpus?: number | undefined;
}

/** What the engine's machine has; asked once in a run. */
const machineOf = (platform: Platform) => platform.once("machine", () => platform.engine.capacity());

/**
 * Checks that the engine's machine has the CPUs that a service may use. The engine refuses a container that may use more, but only
 * once its predecessor has been removed.
 *
 * @throws RunError when it has fewer.
 */
export async function enoughCpus(platform: Platform, { subject, cpus = 0 }: Wanted): Promise<void> {
  const machine = await machineOf(platform);
  const wrong = tooManyCpus(cpus, machine.cpus);
  if (wrong) throw new pulumi.RunError(`${subject}: ${wrong}`);
}

/** What is wrong with a number of CPUs; undefined where the machine has them. */
export const tooManyCpus = (cpus: number, available: number) =>
  cpus > available ? `cpus should be ${available} or less, which the engine's machine has, got ${cpus}` : undefined;

/** The same for a memory limit. */
export const tooMuchMemory = (memoryMiB: number, bytes: number) =>
  memoryMiB * MIB > bytes
    ? `memoryMiB is ${memoryMiB}, the engine's machine has ${Math.floor(bytes / MIB)}: the machine would run out before it`
    : undefined;

/** Reports a memory limit above what the machine has. It is no error: the setting may be for another machine, or the service need less. */
export async function warnOfMemory(platform: Platform, { subject, memoryMiB }: Wanted): Promise<void> {
  const wrong = tooMuchMemory(memoryMiB, (await machineOf(platform)).memoryBytes);
  if (wrong) await pulumi.log.warn(`${subject}: ${wrong}`);
}
