import type * as pulumi from "@pulumi/pulumi";
import type { HostPort, PortHolder } from "./ports.ts";

/**
 * Everything in which engines differ: `core` declares in these terms, and handles no container, no id and no engine's own
 * resource. Plain containers on one Docker engine are one of them (`containers/`).
 *
 * There are three kinds of members: declarations, which return a handle; what hooks do and ask while `up` runs; and what can be
 * known before anything is declared.
 */
export interface Engine {
  /** Where it is: `unix:///path`, `tcp://host:port` or `ssh://user@host`. */
  readonly host: string;
  /** Whether it is on this machine, and so has this machine's folders and ports. */
  readonly local: boolean;
  /** What is wrong with it, and what to do; undefined when it answers and is new enough. */
  fault(): Promise<string | undefined>;
  /** An id that only this engine has; undefined where it has none. */
  ownId(): Promise<string | undefined>;
  /** Makes what all declarations need (a provider). Called once, before anything is declared. */
  open(opts: { parent: pulumi.Resource; dependsOn: pulumi.Resource[] }): void;

  network(name: string, spec: NetworkSpec, opts: pulumi.CustomResourceOptions): Handle;
  volume(name: string, spec: VolumeSpec, opts: pulumi.CustomResourceOptions): Handle;
  /** An image that is pulled or built, and left on the engine when the stack is destroyed. */
  image(name: string, spec: ImageSpec, opts: pulumi.CustomResourceOptions): Handle;
  service(name: string, workload: ServiceWorkload, opts: pulumi.CustomResourceOptions): ServiceHandle;
  /** A job that is made but not started: `run` starts it. */
  job(name: string, workload: JobWorkload, opts: pulumi.CustomResourceOptions): JobHandle;

  /** Stops and removes services with these labels, such as a killed `up` has left where only one may run. */
  clear(labels: Record<string, string>, of: { stopGraceSeconds?: number; port?: HostPort }): Promise<void>;
  /**
   * Who has a port of the engine's machine; undefined when nobody has, or when that cannot be seen from here.
   *
   * @throws Error when that machine does not have its address.
   */
  portHolder(port: HostPort): Promise<PortHolder | undefined>;
  /** Whether a volume exists, by its handle's key. */
  hasVolume(key: string): Promise<boolean>;
  /** Keys of volumes with these labels. */
  volumes(labels: Record<string, string>): Promise<string[]>;
  /** Whether neither files nor folders are in a volume; false where that cannot be seen. */
  isEmpty(key: string): Promise<boolean>;
  hasImage(ref: string): Promise<boolean>;
  /** What an image says of itself; undefined where it is not on the engine. */
  imageConfig(ref: string): Promise<ImageConfig | undefined>;
  /** @throws Error in one sentence, with what helps, when the image cannot be pulled. */
  pull(ref: string, watch: PullWatch): Promise<void>;
  /** Memory and CPUs of its machine. */
  capacity(): Promise<{ memoryBytes: number; cpus: number }>;
}

/** Something on an engine. */
export interface Handle {
  /** For `dependsOn`. */
  resource: pulumi.Resource;
  /** Changes when the thing is replaced. */
  key: pulumi.Output<string>;
}

export interface ServiceHandle extends Handle {
  /** A name on its networks that leads to this one only, whatever else has its aliases; the same after a restart. */
  host: pulumi.Output<string>;
  /**
   * Starts it where it does not run, and waits until its probe has passed; then others find it by its aliases. For hooks.
   *
   * @throws Error with the last log lines and the last probe's output, when it stops, turns unhealthy, or takes too long.
   */
  ready(): Promise<void>;
  /**
   * Joins networks while it runs, and leaves those of the stack that it has joined so before and that are not among them. For hooks.
   */
  reach(networks: readonly Handle[]): Promise<void>;
  /**
   * Runs a program in it, to its end. For hooks.
   *
   * @returns its output, both streams.
   * @throws ExecError when it ends with another code than 0, or the service does not run.
   */
  exec(command: readonly string[]): Promise<string>;
  /** Writes files, by name, that only its user can read into a folder of one of its volumes. For hooks. */
  put(folder: string, files: Record<string, string>): Promise<void>;
}

/** A program in a service has failed. Its message is the program's output. */
export class ExecError extends Error {}

export interface JobHandle extends Handle {
  /**
   * Starts it, unless it runs or has succeeded, and waits for its end. For hooks.
   *
   * @throws Error with its exit code and last log lines when it fails, or takes too long.
   */
  run(): Promise<void>;
}

/** The limits of a wait for a service or a job, and who gets what is seen. */
export interface Watch {
  /** For messages: `Postgres "main"`. */
  subject: string;
  timeoutSeconds: number;
  /** Ends the wait at once. */
  signal: AbortSignal;
  /** Hides known secrets in what is shown. */
  mask: (text: string) => string;
  /** Gets its state, each time that it is read. */
  saw?: (seen: Seen) => void;
  /** Gets the time from its start to its first good probe, in ms. */
  settled?: (tookMs: number) => void;
  /** Gets each line that a job writes, secrets hidden. */
  line?: (text: string) => void;
}

/** A service or a job at one moment. Times are in ms since 1970, by this machine's clock. */
export interface Seen {
  createdAt: number;
  startedAt?: number | undefined;
  /** The engine's word for it. */
  health?: string | undefined;
}

export interface ImageConfig {
  /** Ports that it listens on. */
  ports: number[];
  /** Its variables, as NAME=VALUE. */
  env: string[];
  /** Its entry point, command and folders, and its labels. */
  words: string[];
}

export interface PullWatch {
  signal: AbortSignal;
  /** What to do instead, for the message. */
  instead: string;
  saw: (progress: PullProgress) => void;
}

/** The progress of a pull. */
export interface PullProgress {
  layers: number;
  /** Layers that are complete. */
  done: number;
  bytes: number;
  /** Of the layers whose size is known yet. */
  ofBytes: number;
}

export interface NetworkSpec {
  /**
   * Closed: nothing gets out, not to the engine's machine either, and nothing can be published. Reachable: ports can be published,
   * and nothing gets further than that machine. Open: ports can be published, and everything can be reached.
   */
  access: "closed" | "reachable" | "open";
  /** The range from which it takes a subnet when it is made, in CIDR form. It keeps that subnet. */
  subnetPool: string;
  labels: Labels;
}

export interface VolumeSpec {
  labels: Labels;
  /** Whether other labels replace the volume by an empty one; otherwise it keeps its labels. */
  replaceable: boolean;
}

export interface ImageSpec {
  /** The name by which it is found, pulled or built. */
  ref: string;
  /** How it is built. @default - it is pulled */
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
  /** Its name in labels and on its networks. */
  service: string;
  image: Handle;
  /** @default - the image's own */
  command?: pulumi.Input<string>[];
  /** An empty one means none: then the command is the program. @default - the image's own */
  entrypoint?: string[];
  env: Texts;
  /** Contents of files that only `user` can read, by folder and by name (or path). Such a folder has nothing else. */
  secrets: Record<string, Texts>;
  /** Files in `/run/files`, readable by all, by name or by path below it, byte for byte. The state has only their hashes. */
  files: Record<string, string | Buffer>;
  /**
   * Its volumes. A `fresh` one, which has these labels, is emptied for each new container. An empty one that belongs to root is
   * given to its owner (`uid:gid`), unless the image has such a folder, whose owner counts then.
   */
  volumes: { volume: Handle; path: string; fresh?: Labels; owner?: string; readOnly?: boolean }[];
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
  /** Runs the engine's init as process 1, which passes on signals and reaps: for programs that are not made to be process 1. */
  init: boolean;
  workingDir?: string;
  /** Addresses that need no DNS server, by name. */
  hosts?: Record<string, string>;
  /** Folders in memory, by path: mount options, as `mode=1777,size=64m`. */
  tmpfs: Record<string, string>;
  memoryMiB: number;
  cpus?: number;
  /** NVIDIA GPUs: all of the host, or a number of them. */
  gpus?: "all" | number;
  /** Limit of processes and threads. */
  pids: number;
  /** Size of /dev/shm, in MiB. @default - the engine's own, 64 */
  shmSizeMiB?: number;
  /** An empty list: no network at all. At most one of them is not closed. `host`: only its machine's own. */
  networks: Joined[] | "host";
  labels: Labels;
  watch: Watch;
  /** Arguments of the engine's own resource, which take precedence over all of the above. */
  overrides?: Record<string, unknown>;
}

/** A network that a workload is on. */
export interface Joined {
  network: Handle;
  /** Its names there. */
  aliases: string[];
  /** Whether it has these names only once its probe has passed, because another one may serve under them. @default false */
  whenReady?: boolean;
}

export type JobWorkload = Workload;

export interface ServiceWorkload extends Workload {
  /**
   * Files of this machine by their names, in folders of their own, readable by all: for those that are too large for the state,
   * which has only their hashes.
   */
  folders?: Record<string, Record<string, string>>;
  /** Single files, by absolute path: put into the container where its root can be written, else mounted from this machine. */
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
  /** What may refuse a change: no volume of secrets or files is replaced before it has passed. */
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

/** The program of probes that need one, in a read-only folder of the service. */
export const PROBE_PROGRAM = "/run/stackyard/busybox";
