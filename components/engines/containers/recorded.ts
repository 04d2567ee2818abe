import type { Recorded, Thing, WorkloadStatus } from "../inspection.ts";

// How this engine's resources are recorded in a Pulumi state.

const KINDS: Record<string, Thing["kind"]> = {
  "docker:index/container:Container": "container",
  "docker:index/network:Network": "network",
  "docker:index/remoteImage:RemoteImage": "image",
  "docker:index/volume:Volume": "volume",
};

/** Undefined for a resource that is not on the engine. */
export const kindOf = ({ type }: Pick<Recorded, "type">): Thing["kind"] | undefined => KINDS[type];

/** Whether a container is a service or a job; undefined for all else. */
export function workloadKindOf(resource: Pick<Recorded, "type" | "outputs">): WorkloadStatus["kind"] | undefined {
  if (kindOf(resource) !== "container") return undefined;
  const labels = (resource.outputs.labels ?? []) as { label: string; value: string }[];
  return labels.some(({ label, value }) => label === "stackyard.kind" && value === "job") ? "job" : "service";
}

/** Whether a resource is a volume with data, and not one with secrets or files. */
export function holdsData(resource: Pick<Recorded, "type" | "outputs">): boolean {
  const labels = (resource.outputs.labels ?? []) as { label: string; value: string }[];
  return (
    kindOf(resource) === "volume" && labels.some(({ label, value }) => label === "stackyard.kind" && value === "data")
  );
}

/** The sum of all memory limits, in bytes. */
export function memoryLimits(resources: readonly Pick<Recorded, "type" | "outputs">[]): number {
  const limits = resources.flatMap((each) =>
    kindOf(each) === "container" && typeof each.outputs.memory === "number" ? [each.outputs.memory] : [],
  );
  return limits.reduce((sum, mib) => sum + mib, 0) * 1024 ** 2;
}
