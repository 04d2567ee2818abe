import type { Inspection, Recorded, Thing, WorkloadStatus } from "../inspection.ts";
import { type ContainerListed, type EngineApi, ONE_OFF, wrongWith } from "./api.ts";
import { type DockerHost, isLocal } from "./host.ts";
import { probedAgain } from "./probed-again.ts";
import { publisherOf } from "./publisher.ts";
import { kindOf } from "./recorded.ts";
import { saidLast, untilReady } from "./watch.ts";

/** How long a service may take to be ready again after a restart, where no health check says it. */
const READY_SECONDS = 120;
/** The grace for a container that no state knows: long enough for a database to stop in order. */
const STRAY_GRACE_SECONDS = 60;
/** States in which a container does nothing, and will not start by itself. */
const INACTIVE = ["created", "exited", "dead"];

/** The inspection of an engine of plain containers, by its API at a host. */
export function containerInspection(api: EngineApi, at: DockerHost): Inspection {
  const missingImages = async (recorded: readonly Recorded[]) => {
    const images = recorded.filter((each) => kindOf(each) === "image" && each.id !== undefined);
    const present = await Promise.all(images.map(({ outputs }) => api.hasImage(String(outputs.imageId))));
    return images.filter((_, index) => !present[index]);
  };
  /** Waits until a service is ready, once it has been started. */
  const startedAgain = async (workload: WorkloadStatus, start: () => Promise<void>, signal: AbortSignal) => {
    const id = idOf(workload);
    await start();
    const { pidsLimit = 0, startPeriodSeconds = READY_SECONDS, health } = (await api.inspect(id)) ?? {};
    return untilReady(api, id, pidsLimit, {
      subject: workload.replica,
      timeoutSeconds: startPeriodSeconds,
      unprobed: health === undefined || health.status === "none",
      mask: (text) => text,
      signal,
    });
  };
  return {
    host: at.host,
    local: isLocal(at),
    problem: () => wrongWith(api, at.host),
    info: () => api.info(),
    now: async () => (await api.clock()).there(new Date()),
    usage: async () => ({ buildCacheBytes: await api.buildCacheBytes() }),

    list: async (labels) => (await api.list(labels)).flatMap(statusOf),
    logs: (workload, { lines, since, stamped = false } = {}) => api.logs(idOf(workload), lines, { since, stamped }),
    follow: (workload, { lines, since = new Date(0), stamped = false }, line, signal) =>
      api.follow(idOf(workload), since, line, signal, { lines, stamped }),
    async exec(workload, command, stdin) {
      const { exec } = await import("./exec.ts");
      return exec(workload.name, command, stdin);
    },
    async run(workload, { outputs }, command) {
      const { oneOff } = await import("./one-off.ts");
      const uploads = (outputs.uploads ?? []) as { file: string }[];
      return oneOff(
        api,
        idOf(workload),
        command,
        uploads.map(({ file }) => file),
      );
    },
    stop: (workload) => api.stop(idOf(workload)),
    startAsIs: (workload) =>
      api.start(idOf(workload)).then(
        () => true,
        () => false,
      ),
    start: (workload, signal) => startedAgain(workload, () => api.start(idOf(workload)), signal),
    restart: (workload, signal) => startedAgain(workload, () => api.restart(idOf(workload)), signal),
    async diagnose(workload, head) {
      const id = idOf(workload);
      return saidLast(api, id, await api.inspect(id), head, { mask: (text) => text });
    },
    probeAgain: (workloads) => probedAgain(api, workloads.map(idOf)),
    publisherOf: (port) => publisherOf(api, port),

    async volumes(labels) {
      const found = await api.volumes(labels);
      if (found.length === 0) return [];
      const clock = await api.clock();
      return found.map(({ name, createdAt, labels }) => ({
        ...volume(name, labels["stackyard.kind"] === "data"),
        createdAt: clock.here(createdAt),
        labels,
      }));
    },
    async labelled(label) {
      const found = await api.labelled(label);
      const clock = await api.clock();
      return found.map(({ kind, id, name, createdAt, state = "", labels }) => ({
        ...{ kind, name, handle: id, labels },
        createdAt: clock.here(createdAt),
        active: kind === "container" && !INACTIVE.includes(state),
      }));
    },
    async images(prefix) {
      const clock = await api.clock();
      const all = (await api.allImages()).filter(({ names }) => names.some((name) => name.startsWith(prefix)));
      return Promise.all(
        all.map(async ({ id, names, bytes, containers }) => ({
          ...{ names: names.map(imageName), bytes, containers },
          namedAt: clock.here(await api.imageNamedAt(id)),
        })),
      );
    },
    imagesNamed: async (pattern) => (await api.imageNames(pattern)).map(imageName),
    async replacedImages(before) {
      const ids = before.map(({ outputs }) => outputs.imageId);
      const unnamed = (await api.allImages()).filter(({ id, names }) => names.length === 0 && ids.includes(id));
      return unnamed.map(({ id }) => imageName(id));
    },
    missingImages,
    async digest(ref) {
      const { digestOf } = await import("./pull.ts");
      return digestOf(api, ref);
    },

    async drift(labels, recorded) {
      const ofKind = (kind: Thing["kind"]) => recorded.filter((each) => kindOf(each) === kind && each.id !== undefined);
      const [containers, networks, volumes, images] = await Promise.all([
        api.list(labels),
        api.networks(labels),
        api.volumes(labels),
        missingImages(recorded),
      ]);
      const gone = (kind: Thing["kind"], resources: readonly Recorded[]) =>
        resources.map(({ name }) => ({ kind, name, found: "gone" }));
      const states = new Map(containers.map(({ id, state }) => [id, state]));
      return [
        ...ofKind("container").flatMap(({ id = "", name, outputs }) => {
          const found = states.get(id) ?? "gone";
          // One that is paused, or started again and again, runs to a refresh: what is not well is no drift.
          const stopped = outputs.mustRun !== false && INACTIVE.includes(found);
          return found === "gone" || stopped ? [{ kind: "container" as const, name, found }] : [];
        }),
        ...gone(
          "network",
          ofKind("network").filter(({ id }) => networks.every((each) => each.id !== id)),
        ),
        ...gone(
          "volume",
          ofKind("volume").filter(({ id }) => volumes.every((each) => each.name !== id)),
        ),
        ...gone("image", images),
      ];
    },
    async strays(labels, recorded, oneOffs) {
      const known = new Set(recorded.flatMap(({ id }) => id ?? []));
      const [containers, networks, volumes] = await Promise.all([
        api.list(labels),
        api.networks(labels),
        api.volumes(labels),
      ]);
      const unknown = ({ id }: { id: string }) => !known.has(id);
      const atWork = ({ labels, state }: ContainerListed) =>
        labels["stackyard.kind"] === ONE_OFF && state === "running";
      return [
        ...containers
          .filter((each) => unknown(each) && (oneOffs || !atWork(each)))
          .map(({ id, name }) => ({ kind: "container" as const, name, handle: id })),
        ...networks.filter(unknown).map(({ id, name }) => ({ kind: "network" as const, name, handle: id })),
        ...volumes
          .filter(({ name }) => !known.has(name))
          .map(({ name, labels }) => volume(name, labels["stackyard.kind"] === "data")),
      ];
    },
    async holdsData({ kind, handle }) {
      if (kind !== "volume") return false;
      const { name, forData } = handle as VolumeHandle;
      return forData && !(await api.isEmptyVolume(name));
    },
    async remove({ kind, handle }, { evenInUse }) {
      if (kind === "container") await api.remove(handle as string, STRAY_GRACE_SECONDS);
      else if (kind === "network") await api.removeNetwork(handle as string, evenInUse);
      else if (kind === "volume") await api.removeVolume((handle as VolumeHandle).name);
      else await api.removeImage(handle as string, evenInUse);
    },
  };
}

interface VolumeHandle {
  name: string;
  /** Whether a service keeps its data in it; else it has secrets or files, which are written anew. */
  forData: boolean;
}

const volume = (name: string, forData: boolean): Thing => ({ kind: "volume", name, handle: { name, forData } });
const imageName = (name: string): Thing => ({ kind: "image", name, handle: name });
const idOf = ({ handle }: WorkloadStatus) => handle as string;

/** Nothing for a container that is neither a service nor a job. */
function statusOf({ id, name, state, status, image, labels, ports }: ContainerListed): WorkloadStatus[] {
  const kind = labels["stackyard.kind"];
  if (kind !== "service" && kind !== "job") return [];
  const exitCode = state === "exited" ? /\((\d+)\)/.exec(status)?.[1] : undefined;
  const since = kind === "service" ? status.replace(/ \(.*/, "").toLowerCase() : status.replace(/^Exited \(\d+\) /, "");
  const service = labels["stackyard.service"] ?? name;
  return [
    {
      service,
      replica: labels["stackyard.replica"] ?? service,
      key: id,
      kind,
      // A container has the labels of its image.
      standIn: labels["stackyard.stand-in-for"] !== undefined,
      name,
      image,
      state: stateOf(kind, state, status),
      ...(exitCode === undefined ? {} : { exitCode: Number(exitCode) }),
      status,
      ...(kind === "job" && state === "created" ? {} : { since }),
      published: ports,
      handle: id,
    },
  ];
}

const HEALTH: Record<string, WorkloadStatus["state"]> = {
  healthy: "ready",
  unhealthy: "unhealthy",
  "health: starting": "starting",
};

function stateOf(kind: WorkloadStatus["kind"], state: string, status: string): WorkloadStatus["state"] {
  if (state === "exited") return "stopped";
  if (state !== "running" || kind === "job") return state as WorkloadStatus["state"];
  // The engine's list has a container's health in words only: "Up 3 minutes (healthy)".
  return HEALTH[/\(([^)]*)\)$/.exec(status)?.[1] ?? ""] ?? "running";
}
