import type * as pulumi from "@pulumi/pulumi";
import type { HostPort, PortHolder } from "./ports.ts";

/**
 * What engines differ in: `core` says what it wants in these words, which every engine can keep, and handles no container, no id
 * and no engine's own resource. Plain containers on one Docker engine are one (`containers/`).
 *
 * Three kinds of methods: what is declared, which returns a handle; what hooks do and ask while `up` runs; and what can be known
 * before anything is declared.
 */
export interface Engine {
  /** Where it is: `unix:///path`, `tcp://host:port` or `ssh://user@host`. */
  readonly host: string;
  /** Whether it is on this machine, and so has this machine's folders and ports. */
  readonly local: boolean;
  /** What is wrong with it, and what to do; nothing when it answers and is new enough. */
  fault(): Promise<string | undefined>;
  /** What tells this engine from all others; nothing where it does not say. */
  ownId(): Promise<string | undefined>;
  /** Makes what all that is declared stands on (a provider). Called once, before anything is declared. */
  open(opts: { parent: pulumi.Resource; dependsOn: pulumi.Resource[] }): void;

  network(name: string, spec: NetworkSpec, opts: pulumi.CustomResourceOptions): Handle;
  volume(name: string, spec: VolumeSpec, opts: pulumi.CustomResourceOptions): Handle;
  /** An image that is pulled or built, and left on the engine when the stack goes. */
  image(name: string, spec: ImageSpec, opts: pulumi.CustomResourceOptions): Handle;
  service(name: string, workload: ServiceWorkload, opts: pulumi.CustomResourceOptions): ServiceHandle;
  /** A job that is made but not started: `run` starts it. */
  job(name: string, workload: JobWorkload, opts: pulumi.CustomResourceOptions): JobHandle;

  /** Ends and removes services with these labels, of which no more than one may be there: what an `up` that was killed has left. */
  clear(labels: Record<string, string>, of: { stopGraceSeconds?: number; port?: HostPort }): Promise<void>;
  /**
   * Who has a port of the engine's machine; nothing when nobody has, or when it cannot be seen from here.
   *
   * @throws Error when that machine does not have its address.
   */
  portHolder(port: HostPort): Promise<PortHolder | undefined>;
  /** Whether a volume is there, by its handle's key. */
  hasVolume(key: string): Promise<boolean>;
  /** Keys of volumes with these labels. */
  volumes(labels: Record<string, string>): Promise<string[]>;
  /** Whether neither files nor folders are in a volume; false where that cannot be seen. */
  isEmpty(key: string): Promise<boolean>;
  hasImage(ref: string): Promise<boolean>;
  /** @throws Error in one sentence, with what helps, when it cannot be had. */
  pull(ref: string, watch: PullWatch): Promise<void>;
  /** What its machine has, for limits. */
  capacity(): Promise<{ memoryBytes: number; cpus: number }>;
}

/** Something that an engine keeps. */
export interface Handle {
  /** To be depended upon. */
  resource: pulumi.Resource;
  /** Another one when the thing is another one. */
  key: pulumi.Output<string>;
}

export interface ServiceHandle extends Handle {
  /**
   * Waits until its probe has passed; what does not run is started. To be called in a hook.
   *
   * @throws Error with the last log lines and the last probe's output, when it stops, turns unhealthy, or takes too long.
   */
  ready(): Promise<void>;
}

export interface JobHandle extends Handle {
  /**
   * Starts it, unless it runs or has succeeded, and waits for its end. To be called in a hook.
   *
   * @throws Error with its exit code and last log lines when it fails, or takes too long.
   */
  run(): Promise<void>;
}

/** How a wait for a service or a job tells what it sees. */
export interface Watch {
  /** For messages: `Postgres "main"`. */
  subject: string;
  timeoutSeconds: number;
  /** By which it ends at once. */
  signal: AbortSignal;
  /** Hides known secrets in what is shown. */
  mask: (text: string) => string;
  /** Gets what is seen of it, each time that it is looked at. */
  saw?: (seen: Seen) => void;
  /** Gets how long it took from its start to its first good probe, in ms. */
  settled?: (tookMs: number) => void;
  /** Gets each line that a job writes, secrets hidden. */
  line?: (text: string) => void;
}

/** A service or a job at one moment. Times are in ms since 1970, by this machine's clock. */
export interface Seen {
  createdAt: number;
  startedAt?: number | undefined;
  /** In the engine's word. */
  health?: string | undefined;
}

export interface PullWatch {
  signal: AbortSignal;
  /** What to do in its place, for the message. */
  instead: string;
  saw: (progress: PullProgress) => void;
}

/** How far an image is. */
export interface PullProgress {
  layers: number;
  /** Layers that are there. */
  done: number;
  bytes: number;
  /** As far as that is known yet. */
  ofBytes: number;
}

export interface NetworkSpec {
  /**
   * Closed: nothing gets out, not to the engine's machine either, and nothing can be published. Reachable: ports can be published,
   * and nothing gets further than that machine. Open: both ways.
   */
  access: "closed" | "reachable" | "open";
  /** Where it takes its subnet from, in CIDR form, when it is made; it keeps that ever after. */
  subnetPool: string;
  labels: Labels;
}

export interface VolumeSpec {
  labels: Labels;
  /** Whether other labels are another volume, in which nothing is; otherwise it stays as it was made. */
  replaceable: boolean;
}

export interface ImageSpec {
  /** The name by which it is found, pulled or built. */
  ref: string;
  /** From what it is built. @default - it is pulled */
  build?: BuildSpec;
}

export interface BuildSpec {
  /** A folder, relative to the project's. */
  context: string;
  /** Relative to the context. @default "Dockerfile" */
  dockerfile?: string;
  target?: string;
  /** `linux/arm64`. @default - the engine's own */
  platform?: string;
  args: Record<string, pulumi.Input<string>>;
  /** Files of this machine that a build may read and that stay in no layer, by id. */
  secretFiles: Record<string, string>;
}

type Labels = Record<string, pulumi.Input<string>>;
type Texts = Record<string, pulumi.Input<string>>;

/** A service or a job, as every engine understands it. */
export interface Workload {
  /** What it is called in labels and on its networks. */
  service: string;
  image: Handle;
  /** @default - the image's own */
  command?: pulumi.Input<string>[];
  /** None where it is empty: the command is the program then. @default - the image's own */
  entrypoint?: string[];
  env: Texts;
  /** Readable by `user` alone: what is in each file, by its name (or path), by folder. The folder has nothing else. */
  secrets: Record<string, Texts>;
  /** Files in `/run/files`, readable by all, by name or by path below it; bytes go as they are. The state has only their hashes. */
  files: Record<string, string | Buffer>;
  /**
   * Its volumes; one that is to be `fresh` is emptied for each new container. One that is empty and root's becomes its owner's
   * (`uid:gid`), where the image has no such folder: that one's owner counts.
   */
  volumes: { volume: Handle; path: string; fresh?: boolean; owner?: string; readOnly?: boolean }[];
  /** Folders of the engine's machine, by absolute path. */
  mounts: Mount[];
  /** Numeric `uid:gid`. */
  user: string;
  /** Further groups, by number. */
  groups?: number[];
  /** Names of capabilities that are kept, with `CAP_`; all others are dropped. */
  capabilities: string[];
  /** All capabilities, all devices, and no confinement. @default false */
  privileged?: boolean;
  readOnlyRoot: boolean;
  /** Puts a process 1 before the program that hands signals on and reaps: for programs that are not made to be process 1. */
  init: boolean;
  workingDir?: string;
  /** Addresses that need no DNS server, by name. */
  hosts?: Record<string, string>;
  /** Folders in memory, by path: mount options, as `mode=1777,size=64m`. */
  tmpfs: Record<string, string>;
  memoryMiB: number;
  cpus?: number;
  /** NVIDIA's, all of the host or so many of them. */
  gpus?: "all" | number;
  /** The most processes and threads. */
  pids: number;
  /** How much its /dev/shm holds, in MiB. @default - the engine's own, 64 */
  shmSizeMiB?: number;
  /** None: it has no network at all. At most one of them is not closed. `host`: its machine's own, and no other. */
  networks: { network: Handle; aliases: string[] }[] | "host";
  labels: Labels;
  watch: Watch;
  /** Arguments of the engine's own resource, over what all of the above makes of them. */
  overrides?: Record<string, unknown>;
}

export type JobWorkload = Workload;

export interface ServiceWorkload extends Workload {
  /**
   * Files of this machine by their names, in folders of their own, readable by all: for those that are too large for the state,
   * which has only their hashes.
   */
  folders?: Record<string, Record<string, string>>;
  /** Single files, by absolute path: into the container where its root can be written, else from this machine. */
  configFiles: Record<string, { path: string; content: Buffer }>;
  /** Ports of the container, and where each is published on the engine's machine. */
  published: PublishedPort[];
  probe: ProbeSpec;
  restart: "no" | "on-failure" | "always" | "unless-stopped";
  /** `SIGQUIT`. @default - the image's own, else SIGTERM */
  stopSignal?: string;
  stopGraceSeconds: number;
  hostname?: string;
  dns?: { servers: string[]; search: string[]; options: string[] };
  sysctls?: Record<string, string>;
  ulimits?: Record<string, { soft: number; hard: number }>;
  devices?: { host: string; path: string; permissions: string }[];
  /** What refuses a change: before it, no volume of secrets or files is made anew. */
  allowed?: pulumi.Resource;
}

/** A folder or file of the engine's machine, at a path of the container. */
export interface Mount {
  source: string;
  path: string;
  readOnly: boolean;
}

/** A port of the engine's machine that leads to one of a container. */
export interface PublishedPort extends HostPort {
  port: number;
}

/** How readiness is proved: by a health check that the engine runs inside the container. */
export interface ProbeSpec {
  /** `["CMD", …]`, or `["CMD-SHELL", text]` where a shell is needed; `image` for the image's own; `none`: it is ready when it runs. */
  test: string[] | "image" | "none";
  /** An image with a static `/bin/busybox`, which the probe finds at `PROBE_PROGRAM`. */
  program?: Handle;
  timeoutSeconds: number;
  /** Pause between probes until the first good one. */
  startIntervalMs: number;
  /** Pause between probes afterwards. */
  intervalSeconds: number;
  /** How many failures in a row make it unhealthy. */
  retries: number;
}

/** Where a service that wants it has the program of its probe: a folder that can only be read. */
export const PROBE_PROGRAM = "/run/stackyard/busybox";
