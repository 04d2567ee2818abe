import * as pulumi from "@pulumi/pulumi";
import type { Platform } from "../platform.ts";

const MIB = 1024 ** 2;

/** The limits of a service that a machine has to be large enough for. */
interface Wanted {
  subject: string;
  memoryMiB: number;
  cpus?: number | undefined;
}

/** What the engine's machine has; asked once in a run. */
const machineOf = (platform: Platform) => platform.once("machine", () => platform.engine.capacity());

/**
 * Sees that the engine's machine has the CPUs that a service may use: the engine takes no container that may use more, and says so
 * when its predecessor is gone.
 *
 * @throws RunError when it has fewer.
 */
export async function enoughCpus(platform: Platform, { subject, cpus = 0 }: Wanted): Promise<void> {
  const machine = await machineOf(platform);
  const wrong = tooManyCpus(cpus, machine.cpus);
  if (wrong) throw new pulumi.RunError(`${subject}: ${wrong}`);
}

/** What is wrong with a number of CPUs; nothing where the machine has them. */
export const tooManyCpus = (cpus: number, available: number) =>
  cpus > available ? `cpus should be ${available} or less, which the engine's machine has, got ${cpus}` : undefined;

/** The same of a memory limit. */
export const tooMuchMemory = (memoryMiB: number, bytes: number) =>
  memoryMiB * MIB > bytes
    ? `memoryMiB is ${memoryMiB}, the engine's machine has ${Math.floor(bytes / MIB)}: the machine would run out before it`
    : undefined;

/** Says that a limit for memory is none, which is no fault: it may be meant for another machine, and the service may need less. */
export async function warnOfMemory(platform: Platform, { subject, memoryMiB }: Wanted): Promise<void> {
  const wrong = tooMuchMemory(memoryMiB, (await machineOf(platform)).memoryBytes);
  if (wrong) await pulumi.log.warn(`${subject}: ${wrong}`);
}
