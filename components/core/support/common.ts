import { z } from "zod";
import { Platform } from "../platform.ts";
import { cpus, instance, matching, mebibytes, seconds } from "./args.ts";

/** The platform, which every component takes. */
export const platform = () => instance(Platform, "a Platform");

/** Limits of memory, CPUs and time, which every service takes; a component sets its own defaults. */
export const limits = (defaults: { memoryMiB: number; readyTimeoutSeconds: number; stopGraceSeconds: number }) => ({
  /** Memory limit, in MiB; swap is not used beyond it. */
  memoryMiB: mebibytes().default(defaults.memoryMiB),
  /** Share of the host's CPUs, in tenths. @default - no limit */
  cpus: cpus().optional(),
  /** How long the first good probe may take, in seconds. */
  readyTimeoutSeconds: seconds().default(defaults.readyTimeoutSeconds),
  /** How long it may take to stop before it is killed, in seconds. */
  stopGraceSeconds: seconds().default(defaults.stopGraceSeconds),
});

/** The greatest number of a user or a group that an engine takes. */
export const MOST_ID = 2_147_483_647;

/** Numeric `uid:gid`. */
export const user = () =>
  matching(/^\d+:\d+$/, "uid:gid in digits").refine(
    (ids) => !ids.split(":").some((id) => Number(id) > MOST_ID),
    `uid:gid in digits, each ${MOST_ID} at most`,
  );

/** How long a database's volume lasts. */
export const lifecycle = () => z.enum(["ephemeral", "keep", "protected"]).optional();
