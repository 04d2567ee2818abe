import type * as pulumi from "@pulumi/pulumi";
import type { EngineApi } from "./containers/api.ts";

/** A service or a job as every engine understands it: what `core` decides, and an engine turns into `docker.*` resources. */
export interface Workload {
  /** What it is called in labels and on its networks. */
  service: string;
  /** A name that the engine resolves, and for an image built or pulled by this stack its id. */
  image: pulumi.Input<string>;
  command?: pulumi.Input<string>[];
  /** In place of the image's own. */
  entrypoint?: string[];
  env: Record<string, pulumi.Input<string>>;
  /** Files in `/run/secrets`, readable by `user` alone. */
  secrets: Record<string, pulumi.Input<string>>;
  /** Files in `/run/files`, readable by all, by name or by path below it; bytes go as they are. The state has only their hashes. */
  files: Record<string, string | Buffer>;
  /** Numeric `uid:gid`. */
  user: string;
  /** Names of capabilities that are kept, with `CAP_`; all others are dropped. */
  capabilities: string[];
  readOnlyRoot: boolean;
  /** Puts a process 1 before the program that hands signals on and reaps: for programs that are not made to be process 1. */
  init: boolean;
  /** Addresses that need no DNS server, by name. */
  hosts?: Record<string, string>;
  /** Folders in memory, by path: mount options, as `mode=1777,size=64m`. */
  tmpfs: Record<string, string>;
  memoryMiB: number;
  cpus?: number;
  /** NVIDIA's, all of the host or so many of them. */
  gpus?: "all" | number;
  pids: number;
  /** How much its /dev/shm holds, in MiB. @default - the engine's own, 64 */
  shmMiB?: number;
  /** None: it has no network at all. At most one of them is not closed. */
  networks: { id: pulumi.Input<string>; aliases: string[] }[];
  labels: Record<string, pulumi.Input<string>>;
}

export interface VolumeSpec {
  labels: Record<string, pulumi.Input<string>>;
  /** Whether other labels are another volume, in which nothing is; it stays as it was made otherwise. */
  replaceable: boolean;
}

export interface ServiceWorkload extends Workload {
  /** A volume's name as the engine knows it, or nothing for one that goes with its container; and where it is mounted. */
  data?: { volume?: pulumi.Input<string>; path: string };
  /** Folders of the engine's machine, by absolute path, that can be read at a path in the container. */
  mounts: { folder: string; path: string }[];
  /**
   * Files of this machine by their names, in folders of their own, readable by all: for those that are too large for the state,
   * which has only their hashes.
   */
  folders?: Record<string, Record<string, string>>;
  /** Container ports by host port, and the host's address they are published on. */
  published: { hostPort: number; port: number; address: string }[];
  probe: ProbeCommand;
  stopGraceSeconds: number;
  /** How long the first good probe may take: failures before that do not count. */
  readyTimeoutSeconds: number;
  /** What refuses a change: before it, nothing that is handed to the container is made anew. */
  allowed?: pulumi.Resource;
}

/** A health check as the engine runs it inside the container. */
export interface ProbeCommand {
  /** `["CMD", …]`, or `["CMD-SHELL", text]` where a shell is needed. */
  test: string[];
  timeoutSeconds: number;
  /** Pause between probes until the first good one. */
  startIntervalMs: number;
  /** Pause between probes afterwards. */
  intervalSeconds: number;
  /** How many failures in a row make it unhealthy. */
  retries: number;
}

/** A running thing: the resource to depend on, and the id by which the engine finds it. */
export interface Running {
  resource: pulumi.CustomResource;
  id: pulumi.Output<string>;
}

/** What engines differ in. `core` calls nothing of Docker but this. */
export interface Engine {
  readonly api: EngineApi;
  network(name: string, spec: NetworkSpec, opts: pulumi.CustomResourceOptions): Running;
  volume(name: string, spec: VolumeSpec, opts: pulumi.CustomResourceOptions): Running;
  service(name: string, workload: ServiceWorkload, opts: pulumi.CustomResourceOptions): Running;
  /** A job that is made but not started: its gate hands it its files, by `prepare`, and starts it. */
  job(
    name: string,
    workload: Workload,
    opts: pulumi.CustomResourceOptions,
  ): Running & { prepare(id: string): Promise<void> };
}

export interface NetworkSpec {
  /** In CIDR form; taken when the network is made, kept ever after. */
  subnet: pulumi.Input<string>;
  /**
   * Closed: nothing gets out, not to the engine's machine either, and nothing can be published. Reachable: ports can be published,
   * and nothing gets further than that machine. Open: both ways.
   */
  access: "closed" | "reachable" | "open";
  labels: Record<string, pulumi.Input<string>>;
}
