import { existsSync, readFileSync } from "node:fs";
import type { Agent as HttpAgent, IncomingMessage, RequestOptions } from "node:http";
import { dirname, join } from "node:path";
import type Docker from "dockerode";
import { commandLine } from "../command-line.ts";
import type { ImageConfig } from "../engine.ts";
import type { HostPort } from "../ports.ts";
import { type Attention, attentive, SILENCE_MS } from "./attentive.ts";
import { carrierLabels } from "./carriers.ts";
import { claimSubnet } from "./claims.ts";
import { type Clock, clockOf } from "./clock.ts";
import type { Credentials } from "./credentials.ts";
import type { DockerHost } from "./host.ts";
import { localRoutes } from "./routes.ts";
import { sshAgent } from "./ssh.ts";

/** The state of one container. */
export interface ContainerState {
  id: string;
  name: string;
  status: "created" | "running" | "paused" | "restarting" | "removing" | "exited" | "dead";
  exitCode: number;
  outOfMemory: boolean;
  /** How often the restart policy has started it again since it was last started by hand. */
  restarts: number;
  createdAt: Date;
  /** Start of the present or last run; absent when it never ran. */
  startedAt?: Date;
  /** End of the last run; absent when there was none. */
  finishedAt?: Date;
  /** Absent when the container has no health check. */
  health?: { status: "starting" | "healthy" | "unhealthy" | "none"; probes: Probed[] };
  pidsLimit?: number;
  /** The time in which failed probes do not count, and so the time for the first good one. */
  startPeriodSeconds?: number;
  labels: Record<string, string>;
}

/** One run of a health check. */
export interface Probed {
  start: Date;
  end: Date;
  exitCode: number;
  output: string;
}

/** One container in a list. */
export interface ContainerListed {
  id: string;
  name: string;
  state: string;
  status: string;
  image: string;
  labels: Record<string, string>;
  /** Published ports. */
  ports: (HostPort & { port: number })[];
}

/** One image in a list. */
export interface ImageListed {
  id: string;
  /** With tags; empty where another image has its name now. */
  names: string[];
  /** Bytes that it shares with no other image. */
  bytes: number;
  /** How many containers use it, running or not. */
  containers: number;
}

/** One volume in a list. */
export interface VolumeListed {
  name: string;
  createdAt: Date;
  labels: Record<string, string>;
}

/** A container or a network that carries a label. */
export interface Labelled {
  kind: "container" | "network";
  id: string;
  name: string;
  createdAt: Date;
  /** Only of a container. */
  state?: string;
  labels: Record<string, string>;
}

/** A file for a volume or a container: its name, what is in it, and who may read it. */
export interface FileInVolume {
  /** A name, or a path below the folder. */
  name: string;
  content: string | Buffer;
  mode: number;
  uid: number;
  gid: number;
}

/** One of the engine's messages while it pulls an image. */
export interface PullMessage {
  /** The layer's. */
  id?: string;
  /** `Downloading`, `Pull complete`. */
  status?: string;
  progressDetail?: { current?: number; total?: number };
  /** Why the pull has failed. */
  error?: string;
}

/**
 * Stackyard's own requests to a Docker engine, beside the provider's; a fake engine replaces it in the unit tests. All times are
 * by the engine's own clock.
 */
export interface EngineApi {
  /** API version as `1.45`. @throws Error when nothing answers. */
  ping(): Promise<string>;
  /**
   * An id that only this engine has, however it is reached; it is kept with its data. Undefined where it has none (Podman makes
   * one up for every request), or does not answer.
   */
  engineId(): Promise<string | undefined>;
  /** The engine's machine, and the folder on it where everything is kept. */
  info(): Promise<{ version: string; memoryBytes: number; cpus: number; folder: string }>;
  /** The engine's clock beside this machine's, measured once, by the first answer that has the time. */
  clock(): Promise<Clock>;
  /** Undefined when there is no such container. */
  inspect(id: string): Promise<ContainerState | undefined>;
  /** Containers that carry all these labels, running or not. */
  list(labels: Record<string, string>): Promise<ContainerListed[]>;
  /** An interrupt does not end it: it would leave a program that has run in a container that counts as never started. */
  start(id: string): Promise<void>;
  /** Stops it with its own grace, where none is given, and starts it again. */
  restart(id: string, graceSeconds?: number): Promise<void>;
  /** Passes where it does not run. */
  stop(id: string): Promise<void>;
  /**
   * Makes a container as another one is, with a command of its own, without its name, its ports and its health check; the engine
   * removes it when it ends. What was uploaded into the other one is copied.
   *
   * @param tty whether it runs on a terminal.
   */
  createLike(
    id: string,
    like: { command: readonly string[]; uploaded: readonly string[]; tty: boolean },
  ): Promise<string>;
  /**
   * Stops a container by its own signal, kills it after the grace (its own where none is given), and removes it. Volumes with a name
   * stay. Passes when somebody else removes it at the same time.
   */
  remove(id: string, graceSeconds?: number): Promise<void>;
  kill(id: string): Promise<void>;
  /** Resolves with the exit code once the container has stopped. */
  wait(id: string): Promise<number>;
  limitPids(id: string, most: number): Promise<void>;
  /** Changes a container in place, whether it runs or not. @throws Error with the engine's reason; then nothing is changed. */
  update(id: string, to: { memoryMiB: number; memorySwapMiB: number; restart: string }): Promise<void>;
  /** Puts files into a folder of a container, which need not run. In a read-only one, the folder has to be in a volume. */
  putFiles(id: string, folder: string, files: FileInVolume[]): Promise<void>;
  /**
   * Puts files into a volume, through a container that is never started and removed again: so the files are in no
   * `docker inspect`, and can have owners that the image does not know.
   *
   * @param image any image on the engine; nothing of it is run.
   * @param labels of what the files are for: that container has them too, by which it is found if it is left behind.
   */
  fillVolume(volume: string, files: FileInVolume[], image: string, labels: Record<string, string>): Promise<void>;
  /**
   * Gives the top folder of a volume an owner, when the volume is empty and belongs to root.
   *
   * @param path where it is mounted: a new volume gets what the image has there, with its owner.
   * @param labels of what it is for, as for `fillVolume`.
   */
  ownVolume(
    volume: string,
    path: string,
    image: string,
    owner: { uid: number; gid: number },
    labels: Record<string, string>,
  ): Promise<void>;
  /** The last lines of both streams; all of them where no number is given. */
  logs(id: string, lines: number | undefined, of?: { since?: Date | undefined; stamped?: boolean }): Promise<string[]>;
  /** Passes on each line that is written from `since` on, until the container stops or the signal fires. */
  follow(
    id: string,
    since: Date,
    line: (text: string) => void,
    signal: AbortSignal,
    of?: { lines?: number | undefined; stamped?: boolean },
  ): Promise<void>;
  /** The networks that a container is on, by id, and its aliases there. */
  endpoints(id: string): Promise<Record<string, string[]>>;
  /** Puts a container on a network, under these aliases. One that is there under others leaves it first. */
  join(id: string, network: string, aliases: readonly string[]): Promise<void>;
  /** Passes where it is not on it. */
  leave(id: string, network: string): Promise<void>;
  /** Runs a program in a container to its end, and returns its exit code and what it wrote to both streams. */
  execute(id: string, command: readonly string[]): Promise<{ exitCode: number; output: string }>;
  /** Networks that carry all these labels, by id and name. */
  networks(labels: Record<string, string>): Promise<{ id: string; name: string }[]>;
  /** @param force also where something is attached to it, which is detached. @default false */
  removeNetwork(id: string, force?: boolean): Promise<void>;
  /** Volumes that carry all these labels. */
  volumes(labels: Record<string, string>): Promise<VolumeListed[]>;
  /** Whether a volume has neither files nor folders in it; false on an engine without an image, by which that could be seen. */
  isEmptyVolume(name: string): Promise<boolean>;
  /** Replaces a volume by an empty one with the same name and these labels. @throws Error when a service or a job has it. */
  emptyVolume(name: string, labels: Record<string, string>): Promise<void>;
  removeVolume(name: string): Promise<void>;
  hasVolume(name: string): Promise<boolean>;
  hasImage(ref: string): Promise<boolean>;
  /** Undefined where there is no such image. */
  imageConfig(ref: string): Promise<ImageConfig | undefined>;
  /** The health check that an image has: `["CMD", …]`. Undefined where it has none. */
  imageProbe(ref: string): Promise<string[] | undefined>;
  /**
   * One file of an image, read from a container that is never started.
   *
   * @param labels of what it is for, as for `fillVolume`.
   * @throws Error when it does not exist.
   */
  fileOf(image: string, path: string, labels: Record<string, string>): Promise<Buffer>;
  /** Undefined where there is no such image. */
  imageId(ref: string): Promise<string | undefined>;
  /** Pulls an image while its messages are read. @throws Error with the engine's message. */
  pull(ref: string, credentials: Credentials | undefined, signal: AbortSignal): AsyncIterable<PullMessage>;
  allImages(): Promise<ImageListed[]>;
  /** When an image was last given a name, that is built or pulled. */
  imageNamedAt(id: string): Promise<Date>;
  /** Names with tags that match a pattern: `stackyard.invalid/shop-dev-*:0a1b2c3d-*`. */
  imageNames(pattern: string): Promise<string[]>;
  /**
   * Removes a name, and the image with its last one, if no container uses it.
   *
   * @param force also where a container uses it. @default true
   */
  removeImage(name: string, force?: boolean): Promise<void>;
  /** Size of the build caches that no build uses at this moment, whoever made them. */
  buildCacheBytes(): Promise<number>;
  /** Containers and networks, running or not, that carry a label of this name. */
  labelled(label: string): Promise<Labelled[]>;
  /** The digest that a container registry has for an image now. @throws Error when it does not answer or does not know it. */
  digest(ref: string, credentials?: Credentials): Promise<string>;
  /** Every network's subnets, in CIDR form. */
  subnets(): Promise<string[]>;
  /** Destinations of this machine's routes, in CIDR form. */
  routes(): string[];
  /** Claims a subnet for as long as this process runs. False when another process on this machine has claimed it. */
  claimSubnet(subnet: string): boolean;
}

/** Not imported: that would load all of node:http's own exports, WebSocket among them, which takes longer than the call. */
const { Agent, request } = process.getBuiltinModule("node:http");

const MIB = 1024 ** 2;
const NANOSECONDS = 1e9;

/** The time limit of a run's first request: an engine that does not answer this one answers no other. */
const PING_MS = 10_000;

/** The engine's grace for a container without one of its own. */
const DEFAULT_GRACE_SECONDS = 10;

/** The label `stackyard.kind` of a container that a user runs a command in. */
export const ONE_OFF = "one-off";

/** The oldest engine API with a health check's start interval: Docker 25. */
const OLDEST_API = "1.44";

/** What is wrong with the engine at a host, and what to do; undefined when it answers and is new enough. */
export async function wrongWith(api: EngineApi, host: string): Promise<string | undefined> {
  let version: string;
  try {
    version = await api.ping();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EACCES") {
      return (
        `The Docker engine at ${host} may not be used by this user (${(error as Error).message}). ` +
        "Run `sudo usermod -aG docker $USER` and log in again, or name a rootless engine by DOCKER_HOST."
      );
    }
    return (
      `No Docker engine answers at ${host} (${(error as Error).message}). ` +
      `Start it, or point DOCKER_HOST or \`docker context use\` at one that runs; \`${commandLine("dev")}\` starts one where it can.`
    );
  }
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldMajor = 0, oldMinor = 0] = OLDEST_API.split(".").map(Number);
  if (major > oldMajor || (major === oldMajor && minor >= oldMinor)) return undefined;
  return (
    `The Docker engine at ${host} should have API ${OLDEST_API} or newer (Docker 25), got ${version}: ` +
    "older ones cannot probe a starting service often and a running one rarely. Upgrade it."
  );
}

/**
 * The Engine API at a host. The start of a run needs only a few cheap requests, so the client library (90 ms to load) is
 * loaded when a hook first needs more.
 *
 * @param attention when a call ends that the engine does not answer: by default, after a minute without a byte.
 */
export function engineApi(at: DockerHost, attention: Attention = {}): EngineApi {
  const { signal, silenceMs = SILENCE_MS } = attention;
  const cheap = direct(at, { signal, silenceMs });
  const clients = new Map<number | undefined, Promise<Docker>>();
  /** One client for each limit of silence. */
  const clientWith = (silence: number | undefined): Promise<Docker> => {
    const client =
      clients.get(silence) ??
      connect(at, { signal, silenceMs: silence }, silence === silenceMs ? cheap?.agent : undefined);
    clients.set(silence, client);
    return client;
  };
  const docker = () => clientWith(silenceMs);
  const container = async (id: string) => (await docker()).getContainer(id);
  /** For calls that last as long as the container runs: the caller has a limit of its own. */
  const patiently = async (id: string) => (await clientWith(undefined)).getContainer(id);
  let whole: Promise<Docker> | undefined;
  /**
   * For calls that are carried through, because nobody could tell what one that an interrupt had cut off has done: it is waited for
   * as long as for any answer.
   */
  const wholly = (): Promise<Docker> => {
    whole ??= connect(at, { silenceMs });
    return whole;
  };
  /** For calls that may last a grace longer. */
  const stopping = async (id: string, graceSeconds: number) =>
    (await clientWith(silenceMs + graceSeconds * 1000)).getContainer(id);
  /** What can be done by a container that is never started, and goes again. */
  const carried = async <T>(
    { image, labels, bind }: { image: string; labels: Record<string, string>; bind?: string },
    act: (carrier: Docker.Container) => Promise<T>,
  ): Promise<T> => {
    // One whose creation an interrupt had cut off would be known to nobody, and keep its volume from being removed.
    const carrier = await (await wholly()).createContainer({
      Image: image,
      Cmd: ["never started"],
      Labels: carrierLabels(labels),
      NetworkDisabled: true,
      ...(bind === undefined ? {} : { HostConfig: { Binds: [bind] } }),
    });
    try {
      signal?.throwIfAborted();
      return await act(await container(carrier.id));
    } finally {
      // The image may declare volumes, which were made without a name.
      await carrier.remove({ force: true, v: true });
    }
  };
  const graceOf = async (id: string) => {
    const { Config } = await (await container(id)).inspect();
    // The client library's types leave it out.
    return (Config as { StopTimeout?: number }).StopTimeout ?? DEFAULT_GRACE_SECONDS;
  };
  const endpoints = async (id: string) => {
    const { NetworkSettings } = await (await container(id)).inspect();
    return Object.fromEntries(
      Object.values(NetworkSettings.Networks).map(({ NetworkID, Aliases }) => [NetworkID, Aliases ?? []]),
    );
  };
  // ssh has a time limit of its own for connecting.
  const first = { signal, silenceMs: cheap?.agent ? silenceMs : Math.min(silenceMs, PING_MS) };
  // The client library cannot leave out the other types, which take long to count.
  const usage = async (type: "image" | "build-cache"): Promise<unknown> =>
    cheap ? JSON.parse((await get(cheap, `/system/df?type=${type}`, attention)).body) : (await docker()).df();
  let clock: Clock | undefined;
  const information = async (within: Attention): Promise<Record<string, unknown>> => {
    // Loading it must not count as a part of the answer's duration.
    if (!cheap) await docker();
    const asked = Date.now();
    const info = cheap ? JSON.parse((await get(cheap, "/info", within)).body) : await (await docker()).info();
    clock ??= clockOf(Date.parse(info.SystemTime), asked, Date.now());
    return info;
  };
  const imageOf = (ref: string) =>
    absentAs(undefined, async () =>
      cheap
        ? (JSON.parse((await get(cheap, `/images/${ref}/json`, attention)).body) as Docker.ImageInspectInfo)
        : await (await docker()).getImage(ref).inspect(),
    );
  const imageId = async (ref: string) => (await imageOf(ref))?.Id;
  return {
    async ping() {
      if (!cheap) {
        const version = (await (await docker()).version()) as { ApiVersion: string };
        return version.ApiVersion;
      }
      const { headers } = await get(cheap, "/_ping", first);
      const version = headers["api-version"];
      if (typeof version !== "string") throw new Error("what answers is not a Docker engine");
      return version;
    },
    async subnets() {
      const networks = cheap
        ? (JSON.parse((await get(cheap, "/networks", attention)).body) as Docker.NetworkInspectInfo[])
        : await (await docker()).listNetworks();
      return networks.flatMap((network) => (network.IPAM?.Config ?? []).flatMap(({ Subnet }) => Subnet ?? []));
    },
    routes: localRoutes,
    claimSubnet,
    async engineId() {
      try {
        const { ID, BuildahVersion } = (await information(first)) as { ID?: string; BuildahVersion?: string };
        return BuildahVersion === undefined && ID ? ID : undefined;
      } catch {
        return undefined;
      }
    },
    async info() {
      const { ServerVersion, MemTotal, NCPU, DockerRootDir } = (await information(attention)) as Record<
        "ServerVersion" | "DockerRootDir",
        string
      > &
        Record<"MemTotal" | "NCPU", number>;
      return { version: ServerVersion, memoryBytes: MemTotal, cpus: NCPU, folder: DockerRootDir };
    },
    async clock() {
      if (!clock) await information(attention);
      return clock as Clock;
    },
    async inspect(id) {
      return absentAs(undefined, async () => stateOf(await (await container(id)).inspect()));
    },
    async list(labels) {
      const found = await (await docker()).listContainers({ all: true, filters: { label: filter(labels) } });
      return found.map((each) => ({
        id: each.Id,
        name: (each.Names[0] ?? "").slice(1),
        state: each.State,
        status: each.Status,
        image: each.Image,
        labels: each.Labels,
        ports: each.Ports.flatMap((port) =>
          port.PublicPort
            ? [
                {
                  address: port.IP,
                  hostPort: port.PublicPort,
                  port: port.PrivatePort,
                  protocol: port.Type as "tcp" | "udp",
                },
              ]
            : [],
        ),
      }));
    },
    start: async (id) => void (await (await wholly()).getContainer(id).start()),
    async stop(id) {
      const grace = await graceOf(id);
      // 304: it does not run.
      await (await stopping(id, grace)).stop().catch((error: { statusCode?: number }) => {
        if (error.statusCode !== 304) throw error;
      });
    },
    async createLike(id, { command, uploaded, tty }) {
      const model = await container(id);
      const { Config, HostConfig, NetworkSettings } = await model.inspect();
      const made = await (await wholly()).createContainer({
        ...Config,
        Hostname: "",
        ExposedPorts: {},
        Volumes: {},
        Healthcheck: { Test: ["NONE"] },
        Cmd: [...command],
        Tty: tty,
        OpenStdin: true,
        StdinOnce: true,
        AttachStdin: true,
        AttachStdout: true,
        AttachStderr: true,
        Labels: { ...Config.Labels, "stackyard.kind": ONE_OFF },
        HostConfig: {
          ...HostConfig,
          AutoRemove: true,
          PortBindings: {},
          PublishAllPorts: false,
          RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
        },
        NetworkingConfig: {
          EndpointsConfig: Object.fromEntries(Object.keys(NetworkSettings.Networks).map((name) => [name, {}])),
        },
      });
      for (const path of uploaded) await made.putArchive(await model.getArchive({ path }), { path: dirname(path) });
      return made.id;
    },
    async restart(id, graceSeconds) {
      const grace = graceSeconds ?? (await graceOf(id));
      await (await stopping(id, grace)).restart({ t: grace });
    },
    async remove(id, graceSeconds) {
      await absentAs(undefined, async () => {
        const it = await stopping(id, graceSeconds ?? (await graceOf(id)));
        // 304: it does not run.
        await it.stop(graceSeconds === undefined ? {} : { t: graceSeconds }).catch((error: { statusCode?: number }) => {
          if (error.statusCode !== 304) throw error;
        });
        // 409: it is being removed already.
        await it.remove({ force: true, v: true }).catch(async (error: { statusCode?: number }) => {
          if (error.statusCode !== 409) throw error;
          await it.wait({ condition: "removed" });
        });
      });
    },
    kill: async (id) => void (await (await container(id)).kill()),
    wait: async (id) => ((await (await patiently(id)).wait()) as { StatusCode: number }).StatusCode,
    limitPids: async (id, most) => void (await (await container(id)).update({ PidsLimit: most })),
    update: async (id, { memoryMiB, memorySwapMiB, restart }) =>
      void (await (
        await container(id)
      ).update({
        Memory: memoryMiB * MIB,
        MemorySwap: memorySwapMiB * MIB,
        RestartPolicy: { Name: restart },
      })),
    putFiles: async (id, folder, files) =>
      void (await (await container(id)).putArchive(await archiveOf(files), { path: folder })),
    async fillVolume(volume, files, image, labels) {
      await carried({ image, labels, bind: `${volume}:/handed` }, async (carrier) => {
        await carrier.putArchive(await archiveOf(files), { path: "/handed" });
      });
    },
    async ownVolume(volume, path, image, owner, labels) {
      const { pack } = await import("tar-stream");
      await carried({ image, labels, bind: `${volume}:${path}` }, async (carrier) => {
        let entries = 0;
        for await (const { header } of entriesOf(await carrier.getArchive({ path }))) {
          entries += 1;
          // It is not empty, or has an owner already.
          if (entries > 1 || header.uid !== 0 || header.gid !== 0) return;
        }
        const tar = pack();
        tar.entry({ name: `${path.slice(1)}/`, type: "directory", mode: 0o755, ...owner });
        tar.finalize();
        await carrier.putArchive(Buffer.concat((await Array.fromAsync(tar)) as Buffer[]), { path: "/" });
      });
    },
    async logs(id, lines, { since, stamped } = {}) {
      return absentAs([], async () => {
        const it = await container(id);
        const [framed, all] = await Promise.all([
          isFramed(it),
          it.logs({ ...logOptions(lines, stamped), ...(since ? { since: since.getTime() / 1000 } : {}) }),
        ]);
        const log = all as unknown as Buffer;
        return linesOf(framed ? withoutHeaders(log) : log);
      });
    },
    async follow(id, since, line, signal, { lines, stamped } = {}) {
      const it = await patiently(id);
      const framed = await isFramed(it);
      const stream = await it.logs({
        follow: true,
        ...logOptions(lines, stamped),
        since: since.getTime() / 1000,
        abortSignal: signal,
      });
      const { PassThrough } = await import("node:stream");
      const { createInterface } = await import("node:readline");
      const text = new PassThrough();
      if (framed) it.modem.demuxStream(stream, text, text);
      else stream.pipe(text);
      stream.once("end", () => text.end());
      stream.once("error", () => text.end());
      signal.addEventListener("abort", () => text.end(), { once: true });
      for await (const each of createInterface({ input: text, crlfDelay: Infinity })) line(each);
    },
    endpoints,
    async join(id, network, aliases) {
      const present = (await endpoints(id))[network];
      if (present && aliases.every((alias) => present.includes(alias))) return;
      const it = (await docker()).getNetwork(network);
      // Aliases cannot be changed while it is there.
      if (present) await it.disconnect({ Container: id, Force: true });
      await it.connect({ Container: id, EndpointConfig: { Aliases: [...aliases] } });
    },
    async leave(id, network) {
      await absentAs(undefined, async () => {
        if (network in (await endpoints(id)))
          await (await docker()).getNetwork(network).disconnect({ Container: id, Force: true });
      });
    },
    async execute(id, command) {
      const it = await (await patiently(id)).exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
      const chunks: Buffer[] = [];
      for await (const chunk of await it.start({})) chunks.push(chunk as Buffer);
      const { ExitCode } = await it.inspect();
      return { exitCode: ExitCode ?? 1, output: withoutHeaders(Buffer.concat(chunks)).toString("utf8") };
    },
    async networks(labels) {
      const found = await (await docker()).listNetworks({ filters: { label: filter(labels) } });
      return found.map(({ Id, Name }) => ({ id: Id, name: Name }));
    },
    async removeNetwork(id, force = false) {
      await absentAs(undefined, async () => {
        const it = (await docker()).getNetwork(id);
        const { Containers } = force ? ((await it.inspect()) as Docker.NetworkInspectInfo) : {};
        for (const [container, { Name }] of Object.entries(Containers ?? {})) {
          // An endpoint whose container is gone is known only by its name.
          const attached = container.startsWith("ep-") ? Name : container;
          await absentAs(undefined, async () => it.disconnect({ Container: attached, Force: true }));
        }
        await it.remove();
      });
    },
    async volumes(labels) {
      const { Volumes } = await (await docker()).listVolumes({ filters: { label: filter(labels) } });
      return ((Volumes ?? []) as (Docker.VolumeInspectInfo & { CreatedAt?: string })[]).map(
        ({ Name, Labels, CreatedAt }) => ({ name: Name, createdAt: new Date(CreatedAt ?? 0), labels: Labels ?? {} }),
      );
    },
    async isEmptyVolume(name) {
      const client = await docker();
      const { Labels } = await client.getVolume(name).inspect();
      const [image] = await client.listImages();
      if (!image) return false;
      // Without the service's label, by which the service would remove the carrier as one of an ended run.
      const { "stackyard.service": _, ...labels } = Labels ?? {};
      const of = { image: image.Id, labels, bind: `${name}:/handed:ro` };
      return carried(of, async (carrier) => {
        let entries = 0;
        for await (const _ of entriesOf(await carrier.getArchive({ path: "/handed" }))) if (++entries > 1) break;
        // Only the folder itself.
        return entries === 1;
      });
    },
    async emptyVolume(name, labels) {
      const client = await docker();
      // An `up` that was ended may have left a container that carried something to it.
      const filters = { volume: [name], label: ["stackyard.kind=carrier"] };
      const left = await client.listContainers({ all: true, filters });
      await Promise.all(left.map(({ Id }) => client.getContainer(Id).remove({ force: true, v: true })));
      // An `up` that was ended may have come no further than this.
      await absentAs(undefined, () => client.getVolume(name).remove());
      await client.createVolume({ Name: name, Labels: labels });
    },
    removeVolume: async (name) =>
      absentAs(undefined, async () => void (await (await docker()).getVolume(name).remove())),
    hasVolume: async (name) => absentAs(false, async () => !!(await (await docker()).getVolume(name).inspect())),
    async digest(ref, authconfig) {
      // The client library's types leave this out.
      const options = authconfig ? ({ authconfig } as object) : {};
      const { Descriptor } = (await (await docker()).getImage(ref).distribution(options)) as {
        Descriptor: { digest: string };
      };
      return Descriptor.digest;
    },
    async allImages() {
      const { Images } = (await usage("image")) as { Images?: (Docker.ImageInfo & { SharedSize: number })[] };
      return (Images ?? []).map(({ Id, RepoTags, Size, SharedSize, Containers }) => ({
        id: Id,
        names: RepoTags ?? [],
        bytes: Size - SharedSize,
        containers: Containers,
      }));
    },
    async imageNamedAt(id) {
      const { Metadata } = (await (await docker()).getImage(id).inspect()) as { Metadata?: { LastTagTime?: string } };
      return new Date(Metadata?.LastTagTime ?? 0);
    },
    async buildCacheBytes() {
      const { BuildCache } = (await usage("build-cache")) as { BuildCache?: { Size: number; InUse: boolean }[] };
      return (BuildCache ?? []).reduce((sum, { Size, InUse }) => sum + (InUse ? 0 : Size), 0);
    },
    async labelled(label) {
      const filters = { label: [label] };
      const [containers, networks] = await Promise.all([
        (await docker()).listContainers({ all: true, filters }),
        (await docker()).listNetworks({ filters }),
      ]);
      return [
        ...containers.map(({ Id, Names, Created, State, Labels }) => ({
          kind: "container" as const,
          id: Id,
          name: (Names[0] ?? "").slice(1),
          createdAt: new Date(Created * 1000),
          state: State,
          labels: Labels,
        })),
        ...networks.map(({ Id, Name, Created, Labels }) => ({
          kind: "network" as const,
          id: Id,
          name: Name,
          createdAt: new Date(Created),
          labels: Labels ?? {},
        })),
      ];
    },
    async imageNames(pattern) {
      const found = await (await docker()).listImages({ filters: { reference: [pattern] } });
      return found.flatMap(({ RepoTags }) => RepoTags ?? []);
    },
    removeImage: async (name, force = true) =>
      absentAs(undefined, async () => void (await (await docker()).getImage(name).remove({ force }))),
    async imageConfig(ref) {
      const image = await imageOf(ref);
      if (!image) return undefined;
      const { ExposedPorts, Env, Entrypoint, Cmd, WorkingDir, Volumes, Labels } = image.Config;
      return {
        ports: Object.keys(ExposedPorts ?? {}).map((port) => Number.parseInt(port, 10)),
        env: Env ?? [],
        words: [
          Entrypoint ?? [],
          Cmd ?? [],
          WorkingDir ?? [],
          Object.keys(Volumes ?? {}),
          Object.entries(Labels ?? {}),
        ].flat(2),
      };
    },
    async imageProbe(ref) {
      const { Config } = await (await docker()).getImage(ref).inspect();
      const test = (Config as { Healthcheck?: { Test?: string[] } }).Healthcheck?.Test ?? [];
      return test.length === 0 || test[0] === "NONE" ? undefined : test;
    },
    async fileOf(image, path, labels) {
      return carried({ image, labels }, async (carrier) => {
        for await (const { header, content } of entriesOf(await carrier.getArchive({ path }))) {
          if (header.type === "file") return Buffer.concat((await Array.fromAsync(content)) as Buffer[]);
        }
        throw new Error(`${path} of the image ${image} should be a file`);
      });
    },
    hasImage: async (ref) => (await imageId(ref)) !== undefined,
    imageId,
    async *pull(ref, credentials, signal) {
      const [, fromImage = ref, tag = ""] = /^(.*?)(?:@(sha256:\w+))?$/.exec(ref) ?? [];
      // Without a tag the engine would pull all tags.
      const one = tag || (/:[^/]*$/.exec(fromImage) ? "" : "latest");
      const stream = (await (
        await clientWith(undefined)
      ).createImage(credentials ?? {}, {
        fromImage,
        ...(one === "" ? {} : { tag: one }),
        abortSignal: signal,
      })) as NodeJS.ReadableStream;
      let rest = "";
      for await (const chunk of stream.setEncoding("utf8")) {
        const lines = `${rest}${chunk}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") yield JSON.parse(line) as PullMessage;
      }
      if (rest.trim() !== "") yield JSON.parse(rest) as PullMessage;
    },
  };
}

/** With `stamped`, each line begins with its time and a space: `2026-01-02T03:04:05.678901234Z`. */
const logOptions = (lines: number | undefined, stamped = false) => ({
  stdout: true,
  stderr: true,
  ...(lines === undefined ? {} : { tail: lines }),
  ...(stamped ? { timestamps: true } : {}),
});

/** @throws Error when a path leaves the folder that it is for. */
export async function archiveOf(files: FileInVolume[]): Promise<Buffer> {
  const { pack } = await import("tar-stream");
  const tar = pack();
  // Entries of their own, because engines make missing folders with different permissions.
  const folders = new Set(files.flatMap(({ name }) => foldersOf(name)));
  for (const name of folders) tar.entry({ name: `${name}/`, type: "directory", mode: 0o755, uid: 0, gid: 0 });
  for (const { content, ...header } of files) tar.entry(header, content);
  tar.finalize();
  return Buffer.concat((await Array.fromAsync(tar)) as Buffer[]);
}

/** The entries of an archive, one by one. Leaving the loop ends the connection that it comes by. */
async function* entriesOf(archive: NodeJS.ReadableStream) {
  const { extract } = await import("tar-stream");
  const { pipeline } = await import("node:stream");
  // An error of either ends the loop with it.
  const entries = pipeline(archive, extract(), () => {});
  try {
    for await (const content of entries) {
      yield { header: content.header, content };
      content.resume();
    }
  } finally {
    (archive as NodeJS.ReadableStream & { destroy(): void }).destroy();
  }
}

/** `a` and `a/b` of `a/b/c`. */
function foldersOf(path: string): string[] {
  const parts = path.split("/");
  if (parts.some((part) => ["", ".", ".."].includes(part))) {
    throw new Error(`A file should have a path below its folder, got ${JSON.stringify(path)}`);
  }
  return parts.slice(1).map((_, at) => parts.slice(0, at + 1).join("/"));
}

const filter = (labels: Record<string, string>) => Object.entries(labels).map(([key, value]) => `${key}=${value}`);

/** Options of requests without the client library; undefined where only that can connect. */
function direct(
  { host }: DockerHost,
  attention: Attention,
): { socketPath?: string; host?: string; agent?: HttpAgent } | undefined {
  if (host.startsWith("unix://")) return { socketPath: host.slice("unix://".length) };
  if (host.startsWith("ssh://")) return { host: "docker", agent: attentive(sshAgent(host), host, attention) };
  return undefined;
}

/** @param ssh an agent whose connections are shared, because each of them is a run of ssh. */
async function connect({ host, certPath }: DockerHost, attention: Attention, ssh?: HttpAgent): Promise<Docker> {
  const { default: Client } = await import("dockerode");
  // Its types leave out the agent.
  const client = (options: Docker.DockerOptions & { agent?: HttpAgent }) => new Client(options);
  const [scheme = ""] = host.split("://", 1);
  if (scheme === "unix" || scheme === "npipe") {
    return client({ socketPath: host.slice(`${scheme}://`.length), agent: attentive(Agent, host, attention) });
  }
  if (scheme === "ssh") {
    return client({ protocol: "http", host: "docker", agent: ssh ?? attentive(sshAgent(host), host, attention) });
  }
  const { hostname, port } = new URL(host);
  const at = { host: hostname, port: port || 2375 };
  if (!certPath || !existsSync(join(certPath, "ca.pem"))) {
    return client({ ...at, protocol: "http", agent: attentive(Agent, host, attention) });
  }
  const file = (name: string) => readFileSync(join(certPath, name));
  const { Agent: TlsAgent } = process.getBuiltinModule("node:https");
  const tls = { ca: file("ca.pem"), cert: file("cert.pem"), key: file("key.pem") };
  return client({ ...at, ...tls, protocol: "https", agent: attentive(TlsAgent, host, attention, tls) });
}

function get(
  way: RequestOptions,
  path: string,
  { signal, silenceMs = SILENCE_MS }: Attention,
): Promise<{ headers: NodeJS.Dict<string | string[]>; body: string }> {
  return new Promise((resolve, reject) => {
    const settle = ({ statusCode = 0, headers }: IncomingMessage, body: string) => {
      if (statusCode < 400) resolve({ headers, body });
      else reject(Object.assign(new Error(`HTTP ${statusCode}: ${body.trim()}`), { statusCode }));
    };
    // Without an agent of its own, a connection of its own: a kept one may be closed by the other end just as it is used again.
    const options = { agent: false as const, ...way, path, timeout: silenceMs, ...(signal && { signal }) };
    const call = request(options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.on("end", () => settle(response, body)).on("error", reject);
    });
    call
      .on("timeout", () => call.destroy(new Error(`no answer within ${silenceMs / 1000} s`)))
      .on("error", reject)
      .end();
  });
}

async function absentAs<T>(answer: T, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if ((error as { statusCode?: number }).statusCode === 404) return answer;
    throw error;
  }
}

function stateOf(info: Docker.ContainerInspectInfo): ContainerState {
  const { State, HostConfig } = info;
  // The engine writes year 1 for "never".
  const [startedAt, finishedAt] = [new Date(State.StartedAt), new Date(State.FinishedAt)];
  return {
    id: info.Id,
    name: info.Name.slice(1),
    status: State.Status as ContainerState["status"],
    exitCode: State.ExitCode,
    outOfMemory: State.OOMKilled,
    restarts: info.RestartCount,
    createdAt: new Date(info.Created),
    ...(startedAt.getUTCFullYear() > 1 ? { startedAt } : {}),
    ...(finishedAt.getUTCFullYear() > 1 ? { finishedAt } : {}),
    ...(State.Health
      ? {
          health: {
            status: State.Health.Status as "starting",
            probes: (State.Health.Log ?? []).map((each) => ({
              start: new Date(each.Start),
              end: new Date(each.End),
              exitCode: each.ExitCode,
              output: each.Output.trim(),
            })),
          },
        }
      : {}),
    ...(HostConfig.PidsLimit ? { pidsLimit: HostConfig.PidsLimit } : {}),
    ...(info.Config.Healthcheck?.StartPeriod
      ? { startPeriodSeconds: info.Config.Healthcheck.StartPeriod / NANOSECONDS }
      : {}),
    labels: info.Config.Labels ?? {},
  };
}

/** Whether its log comes in pieces with headers; that of a terminal is one stream. */
async function isFramed(container: Docker.Container): Promise<boolean> {
  return !(await container.inspect()).Config.Tty;
}

/** The engine puts 8 bytes before each piece of a log: the stream, three zeros, and the piece's length. */
function withoutHeaders(log: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= log.length; ) {
    const length = log.readUInt32BE(at + 4);
    pieces.push(log.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(pieces);
}

function linesOf(text: Buffer): string[] {
  return text
    .toString("utf8")
    .split(/\r?\n/)
    .filter((line) => line !== "");
}
