import * as pulumi from "@pulumi/pulumi";

/** The state of each deployment's platform, by the deployment's connection to the Pulumi engine. */
const platforms = new WeakMap<object, "connecting" | "made">();

/**
 * Notes that this deployment's platform is being connected, or made.
 *
 * @throws RunError where the deployment has another one.
 */
export function onlyPlatform(step: "connecting" | "made"): void {
  const deployment = pulumi.runtime.getMonitor();
  if (deployment === undefined) return;
  const before = platforms.get(deployment);
  if (before === "made" || before === step) {
    throw new pulumi.RunError(
      "This program makes a second Platform. A Pulumi stack lives on one engine, and has one identity, by which all that " +
        "belongs to it is found again. Hand the first Platform to every component, and use another Pulumi stack (NAME=…) " +
        "for another engine.",
    );
  }
  platforms.set(deployment, step);
}
