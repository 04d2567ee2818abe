import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Handle } from "../engines/engine.ts";
import type { Connection } from "./connection.ts";

/**
 * What a service or a job may refer to. The reference gives start order, address, credentials and network path, all at once.
 * A database has a connection and a network; a setup job has neither: who refers to it waits until it is done.
 */
export interface Dependency {
  /** Exists only once a check has passed: a service answered, or a job is done. Nothing for what this stack does not run. */
  readonly gate?: pulumi.Resource;
  readonly connection?: Connection;
  /** The network on which it is reached. */
  readonly network?: Handle | undefined;
  /** What has to exist before a job's container is made, which can wait: the start of a database is what takes long. */
  readonly container?: pulumi.Resource | undefined;
  /** By which its data is told from other data: a job that set it up runs again over another one. */
  readonly data?: pulumi.Output<string> | undefined;
  /** Whether it is beyond the stack: who refers to it gets a way out. @default false */
  readonly outside?: boolean;
}

const isDependency = (value: unknown) =>
  typeof value === "object" && value !== null && ("gate" in value || "outside" in value);

/** References by the name under which the application knows each. */
export const uses = () =>
  z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]*$/, "a name of a-z, 0-9 and _, a letter first"),
      z.custom<Dependency>(isDependency, "a database, a container, a job or an external()"),
    )
    .default({});

export const gatesOf = (uses: readonly Dependency[]) => uses.flatMap(({ gate }) => gate ?? []);
export const containersOf = (uses: readonly Dependency[]) => uses.flatMap(({ container }) => container ?? []);

/** Each once: a database and a role of it are on one network. */
export const networksOf = (uses: readonly Dependency[]): Handle[] => [
  ...new Set(uses.flatMap(({ network }) => network ?? [])),
];
