import { randomBytes } from "node:crypto";

/** Marks the carriers of this run: those of another one were left behind by it. */
export const RUN = randomBytes(4).toString("hex");

/**
 * The labels of a carrier: a container that is never started, through which files come into a volume or out of an image.
 *
 * @param labels of what it is made for.
 */
export const carrierLabels = (labels: Record<string, string>): Record<string, string> => ({
  ...labels,
  "stackyard.kind": "carrier",
  "stackyard.run": RUN,
});
