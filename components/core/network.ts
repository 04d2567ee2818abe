import type * as pulumi from "@pulumi/pulumi";
import type { Handle } from "../engines/engine.ts";
import type { Platform } from "./platform.ts";

/** The network that a service is reached on: whatever refers to it joins. Nothing leads out of it. */
export function ownNetwork(name: string, platform: Platform, opts: pulumi.CustomResourceOptions): Handle {
  const labels = platform.labels(name, "network");
  return platform.engine.network(name, { access: "closed", subnetPool: platform.subnetPool, labels }, opts);
}

/**
 * The network by which one container is reached from the host, or reaches out. No other container joins it, so a change of it does
 * not concern those who refer to the container. All its other networks are closed, so this is its only way out.
 *
 * @param access undefined for a container that does neither.
 */
export function outsideNetwork(
  name: string,
  platform: Platform,
  access: "reachable" | "open" | undefined,
  opts: pulumi.CustomResourceOptions,
): Handle[] {
  if (!access) return [];
  const labels = platform.labels(name, "outside");
  return [platform.engine.network(`${name}-outside`, { access, subnetPool: platform.subnetPool, labels }, opts)];
}
