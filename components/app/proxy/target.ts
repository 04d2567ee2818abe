import type * as pulumi from "@pulumi/pulumi";
import type { Dependency } from "../../core/dependency.ts";
import type { Handle, Member } from "../../core/member.ts";

/** What a route can lead to: an application, or the files of a front end. */
export interface Target extends Dependency {
  /** Of an application. @internal */
  readonly upstream?: Upstream | undefined;
  /** Of a front end. @internal */
  readonly files?: Files | undefined;
}

/** Where the replicas of an application are. */
export interface Upstream {
  /** Its component's. */
  name: string;
  /** None while it does not run. */
  members: readonly Member[];
  /** In the container; undefined where it has none. */
  port: number | undefined;
  /** Whether its next release is there before this one goes. */
  startFirst: boolean;
}

/** The files of a front end, which a web server serves. */
export interface Files {
  /** Its component's. */
  name: string;
  /** Holds a folder for each version, by its name. */
  volume: Handle;
  /** The folder of this version. */
  version: pulumi.Output<string>;
  /** Exists only once all files of this version are in its folder. */
  gate: pulumi.Resource;
  /**
   * For what serves them, which calls this once: when `served` exists, all versions are removed but this one, and the one that was
   * served before it, of which pages may still be open.
   *
   * @param served exists only once this version is served.
   * @returns what exists once they are removed.
   */
  retireOthers(served: pulumi.Resource): pulumi.Resource;
}

export const isTarget = (value: unknown): value is Target => {
  const { upstream, files } = (value ?? {}) as Target;
  return files !== undefined || upstream?.port !== undefined;
};
