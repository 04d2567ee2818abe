import type { HostPort, PortHolder } from "./ports.ts";

/** A resource as the Pulumi state has it. */
export interface Recorded {
  type: string;
  /** Of the component, or of a part of it. */
  name: string;
  id?: string;
  outputs: Record<string, unknown>;
}

/** Something on an engine. */
export interface Thing {
  kind: "container" | "network" | "volume" | "image";
  /** Its name on the engine, for messages. */
  name: string;
  /** By which its engine finds it again; nobody else reads it. */
  readonly handle: unknown;
}

/** A service or a job as it is now. */
export interface WorkloadStatus {
  service: string;
  /** Which of the service's containers: `backend.2`; of the first, and of a job, the name alone. */
  replica: string;
  /** By which gates in state name it: the key of its handle. */
  key: string;
  kind: "service" | "job";
  /** Whether it only stands in for another server. */
  standIn: boolean;
  /** Its name on the engine, for messages. */
  name: string;
  image: string;
  /** A service with a probe that runs is `starting`, `ready` or `unhealthy`. */
  state:
    | "created"
    | "starting"
    | "ready"
    | "unhealthy"
    | "running"
    | "paused"
    | "restarting"
    | "removing"
    | "stopped"
    | "dead";
  /** Of its last run, once that has ended. */
  exitCode?: number;
  /** The state and for how long it has been so, in the engine's words. */
  status: string;
  /** The same without what `state` has already; absent for a job that was never started. */
  since?: string;
  published: (HostPort & { port: number })[];
  /** By which its engine finds it again; nobody else reads it. */
  readonly handle: unknown;
}

export interface VolumeListed extends Thing {
  createdAt: Date;
  labels: Record<string, string>;
}

/** A container or a network that carries a label. */
export interface Labelled extends Thing {
  createdAt: Date;
  /** Whether it is a container that runs, or may run again by itself. */
  active: boolean;
  labels: Record<string, string>;
}

export interface ImageListed {
  /** Its names; removing the last one removes the image. */
  names: Thing[];
  /** Bytes that it shares with no other image. */
  bytes: number;
  /** How many containers use it, running or not. */
  containers: number;
  /** When it was last built or pulled. */
  namedAt: Date;
}

/** A resource in state that is not on the engine as the state has it. */
export interface Drift {
  kind: Thing["kind"];
  name: string;
  /** `gone`, or its present state: `exited`. */
  found: string;
}

/** Which part of a log is wanted, and in which form. */
export interface LogQuery {
  /** How many of its last lines. @default - all */
  lines?: number | undefined;
  /** By the engine's clock. @default - from its beginning */
  since?: Date | undefined;
  /** Whether each line begins with its time and a space: `2026-01-02T03:04:05.678901234Z`. @default false */
  stamped?: boolean;
}

/**
 * What the command-line program asks an engine about everything on it, whoever made it; separate from the contract by which
 * `core` declares resources. What is listed here is passed back to act on it, and only the engine knows how to find it. Times
 * are by this machine's clock, unless noted otherwise.
 */
export interface Inspection {
  /** Where the engine is, for messages. */
  readonly host: string;
  /** Whether it is on this machine. */
  readonly local: boolean;
  /** What is wrong with the engine, and what to do; undefined when it answers and is new enough. */
  problem(): Promise<string | undefined>;
  /** Its version, what its machine has, and the folder on that machine where it keeps everything. */
  info(): Promise<{ version: string; memoryBytes: number; cpus: number; folder: string }>;
  /** The present time by its own clock, by which it stamps logs. */
  now(): Promise<Date>;
  /** Size of the build caches that no build uses at this moment, whoever made them. */
  usage(): Promise<{ buildCacheBytes: number }>;

  /** Services and jobs that carry all these labels, running or not. */
  list(labels: Record<string, string>): Promise<WorkloadStatus[]>;
  /** Its log, in lines. */
  logs(workload: WorkloadStatus, query?: LogQuery): Promise<string[]>;
  /** Passes on each line that it writes, until it stops or the signal fires. */
  follow(workload: WorkloadStatus, query: LogQuery, line: (text: string) => void, signal: AbortSignal): Promise<void>;
  /**
   * Runs a command inside a service on this process's own terminal, and returns its exit code.
   *
   * @param stdin whether it reads what is typed.
   */
  exec(workload: WorkloadStatus, command: readonly string[], stdin: "inherit" | "ignore"): Promise<number>;
  /**
   * Runs a command in a container of its own, on this process's own terminal: with the image, environment, secrets, mounts, limits
   * and networks of a service or a job, without its ports and its name. It is removed when the command ends.
   *
   * @param recorded its resource in state.
   * @returns the command's exit code.
   */
  run(workload: WorkloadStatus, recorded: Recorded, command: readonly string[]): Promise<number>;
  /** Stops a service with its own grace. It stays so, whatever its `restart` says, until it is started. */
  stop(workload: WorkloadStatus): Promise<void>;
  /** Starts a service that was stopped, and does not wait for it. @returns false where it cannot be started as it is. */
  startAsIs(workload: WorkloadStatus): Promise<boolean>;
  /** Starts a service that was stopped, and waits until it is ready; returns and throws as `restart`. */
  start(workload: WorkloadStatus, signal: AbortSignal): Promise<number>;
  /**
   * Stops a service with its own grace, starts it again, and waits until it is ready.
   *
   * @returns how long that took from its start, in ms.
   * @throws Error with the last log lines and the last probe's output.
   */
  restart(workload: WorkloadStatus, signal: AbortSignal): Promise<number>;
  /**
   * Why it is not healthy, in lines: the result of its last probe, and its last log lines.
   *
   * @param head the first line.
   */
  diagnose(workload: WorkloadStatus, head: string): Promise<string[]>;
  /**
   * Waits for services that were found unhealthy for a cause that may be over: each until a probe passes, until as many probes
   * have failed from now on as make it unhealthy, or for a minute.
   */
  probeAgain(workloads: readonly WorkloadStatus[]): Promise<void>;
  /** Which service or container publishes a port of the engine's machine; undefined when none does. */
  publisherOf(port: HostPort): Promise<PortHolder | undefined>;

  /** Volumes that carry all these labels. */
  volumes(labels: Record<string, string>): Promise<VolumeListed[]>;
  /** Containers and networks, running or not, that carry a label of this name. */
  labelled(label: string): Promise<Labelled[]>;
  /** Images with a name that begins with a prefix. */
  images(prefix: string): Promise<ImageListed[]>;
  /** Names of images that match a pattern: `stackyard.invalid/shop-dev-*:0a1b2c3d-*`. */
  imagesNamed(pattern: string): Promise<Thing[]>;
  /** Images of an earlier state whose names belong to other images by now. */
  replacedImages(before: readonly Recorded[]): Promise<Thing[]>;
  /** Which of the images in a state are not on the engine. */
  missingImages(recorded: readonly Recorded[]): Promise<Recorded[]>;
  /** The digest that a container registry has for an image now. @throws Error with one sentence: what is wrong, and what helps. */
  digest(ref: string): Promise<string>;

  /** Resources of a state that are missing on the engine, or do not run although they should. */
  drift(labels: Record<string, string>, recorded: readonly Recorded[]): Promise<Drift[]>;
  /**
   * What carries all these labels and is not in the state: containers first, then what they may be attached to.
   *
   * @param oneOffs whether also containers in which a command of `run` is at work.
   */
  strays(labels: Record<string, string>, recorded: readonly Recorded[], oneOffs: boolean): Promise<Thing[]>;
  /** Whether data of a service would be lost with it; true where the engine cannot tell. */
  holdsData(thing: Thing): Promise<boolean>;
  /**
   * Removes something; a container after its own signal to stop. Passes when somebody else removes it at the same time.
   *
   * @param evenInUse whether to remove also what something else uses or is attached to.
   */
  remove(thing: Thing, how: { evenInUse: boolean }): Promise<void>;
}
