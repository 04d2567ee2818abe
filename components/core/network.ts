import type * as pulumi from "@pulumi/pulumi";
import type { Handle } from "../engines/engine.ts";
import type { Platform } from "./platform.ts";

/** The network on which a service is reached: whoever refers to it joins, and nothing leads out of it. */
export function ownNetwork(name: string, platform: Platform, opts: pulumi.CustomResourceOptions): Handle {
  const labels = platform.labels(name, "network");
  return platform.engine.network(name, { access: "closed", subnetPool: platform.subnetPool, labels }, opts);
}

/**
 * The network by which one container is reached from the host, or gets out, and that no other joins: so whether it does concerns
 * nobody who refers to it. All its other networks are closed, which leaves no doubt about where its way out is.
 *
 * @param access nothing for a container that does neither.
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
