import type { z } from "zod";
import { count, sentence } from "../core/support/args.ts";

/** How many of it run. */
export const replicas = () => ({
  /** How many of it run, side by side. With a volume or a published port there can be one only. @default 1 */
  replicas: count(1, 100).default(1),
  /** How many of them start at once; the next ones once these are ready. @default 2 */
  batch: count(1, 100).default(2),
});

/** Refuses several of what can be there only once. */
export function refuseReplicas(
  args: {
    replicas: number;
    volumes: object;
    ports: Record<string, { hostPort?: number | undefined }>;
    networkMode?: string | undefined;
  },
  { addIssue }: Pick<z.RefinementCtx, "addIssue">,
): void {
  if (args.replicas === 1) return;
  const published = Object.values(args.ports).some(({ hostPort }) => hostPort !== undefined);
  const why =
    Object.keys(args.volumes).length > 0
      ? "It has volumes, which one container at a time may write"
      : published
        ? "It has a published port, which one container has"
        : args.networkMode === "host"
          ? "Its ports are those of the host, which one container has"
          : undefined;
  if (why) addIssue({ code: "custom", path: ["replicas"], message: sentence(`${why}: leave this out.`) });
}
