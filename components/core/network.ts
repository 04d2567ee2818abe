import type * as pulumi from "@pulumi/pulumi";
import type { Running } from "../engines/engine.ts";
import type { Platform } from "./platform.ts";

/**
 * The network by which one container is reached from the host, or gets out, and that no other joins: so whether it does concerns
 * nobody who refers to it. All its other networks are closed, which leaves no doubt about where its way out is.
 *
 * @param reach nothing for a container that does neither.
 */
export function outside(
  name: string,
  platform: Platform,
  reach: "reachable" | "open" | undefined,
  opts: pulumi.CustomResourceOptions,
): Running[] {
  if (!reach) return [];
  const own = `${name}-outside`;
  const labels = platform.labels(name, "outside");
  return [platform.engine.network(own, { subnet: platform.subnet(own), access: reach, labels }, opts)];
}
