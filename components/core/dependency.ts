import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Handle } from "../engines/engine.ts";
import type { Connection } from "./connection.ts";

/**
 * What a service or a job can refer to. One reference gives start order, address, credentials and network path.
 * A database has a connection and a network. A setup job has neither: whatever refers to it waits until it is done.
 */
export interface Dependency {
  /** Exists only once a service answers, or a job is done. Undefined for what this stack does not run. @internal */
  readonly gate?: pulumi.Resource;
  /** How it is reached. Undefined for what has no address, like a setup job. */
  readonly connection?: Connection;
  /** The network on which it is reached. @internal */
  readonly network?: Handle | undefined;
  /**
   * What has to exist before a job's container is created. The container can be created before a database has started.
   * @internal
   */
  readonly container?: pulumi.Resource | undefined;
  /** Identifies its data: a job that has set it up runs again over other data. @internal */
  readonly data?: pulumi.Output<string> | undefined;
  /** Whether it is outside of the stack, so that whatever refers to it needs a way out. @default false */
  readonly outside?: boolean;
}

const isDependency = (value: unknown) =>
  typeof value === "object" && value !== null && ("gate" in value || "outside" in value);

/** References, each by the name that its variables begin with. */
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
