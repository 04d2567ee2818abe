import { createHash } from "node:crypto";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import {
  type BuildSpec,
  type Engine,
  ExecError,
  type Handle,
  type ImageSpec,
  type JobHandle,
  type JobWorkload,
  type Joined,
  type NetworkSpec,
  type PublishedPort,
  type PullWatch,
  type Seen,
  type ServiceHandle,
  type ServiceWorkload,
  type VolumeSpec,
  type Watch,
  type Workload,
} from "../engine.ts";
import { Names } from "../names.ts";
import { type HostPort, holderOf } from "../ports.ts";
import { freeSubnet, inTheWay } from "../subnets.ts";
import { valueOf } from "../value.ts";
import { type ContainerState, type EngineApi, wrongWith } from "./api.ts";
import type { Clock } from "./clock.ts";
import {
  contentsFor,
  contentsOf,
  type FilledVolume,
  filledVolume,
  labelled,
  ownedBy,
  VOLUME_FIXED,
} from "./filled-volume.ts";
import { dockerCpus } from "./format.ts";
import { type DockerHost, isLocal } from "./host.ts";
import { changeInPlace } from "./in-place.ts";
import type { ContainerOverrides } from "./overrides.ts";
import { healthcheckOf, imageProbed, probeProgram } from "./probe.ts";
import { publisherOf, publishing } from "./publisher.ts";
import { SSH_OPTIONS } from "./ssh.ts";
import { untilDone, untilReady } from "./watch.ts";

/**
 * Changes that the provider calls an update but does not carry out: they have to replace the container.
 * See provider-facts, "In-place but silently not applied" (kreuzwerker/terraform-provider-docker#989 does not cover nested fields).
 */
const REPLACE_ON = ["healthcheck", "mounts", "tmpfs", "init", "cpuPeriod", "cpuQuota"];

/**
 * Set because by the provider's default the old image is removed first, with all containers of it, and then the new one may fail
 * to come.
 */
const NEW_IMAGE_FIRST = { deleteBeforeReplace: false };

const LOG_OPTIONS = { "max-size": "10m", "max-file": "3" };

/** Plain containers on one Docker engine. */
export class ContainersEngine implements Engine {
  readonly host: string;
  readonly local: boolean;
  readonly #at: DockerHost;
  readonly #api: EngineApi;
  #provider: docker.Provider | undefined;
  #parent: pulumi.Resource | undefined;
  /** Of other networks, and of this machine's routes. */
  #usedSubnets: Promise<string[]> | undefined;
  readonly #takenSubnets: string[] = [];
  readonly #volumeNames = new Names("volume");
  readonly #networkNames = new Names("network");
  #probeProgram: FilledVolume | undefined;

  constructor(at: DockerHost, api: EngineApi) {
    this.#at = at;
    this.#api = api;
    this.host = at.host;
    this.local = isLocal(at);
  }

  fault = () => wrongWith(this.#api, this.host);
  ownId = () => this.#api.engineId();

  open({ parent, dependsOn }: { parent: pulumi.Resource; dependsOn: pulumi.Resource[] }): void {
    this.#parent = parent;
    this.#provider = new docker.Provider(
      "docker",
      {
        host: this.host,
        // Empty and not left out, because otherwise the provider looks for a context itself, in one folder only.
        context: "",
        certPath: this.#at.certPath ?? "",
        ...(this.host.startsWith("ssh:") ? { sshOpts: [...SSH_OPTIONS] } : {}),
      },
      { parent, dependsOn },
    );
  }

  network(name: string, { access, subnetPool, labels }: NetworkSpec, opts: pulumi.CustomResourceOptions): Handle {
    this.#networkNames.take(name, String(labels["stackyard.service"]), opts.parent);
    const network = new docker.Network(
      name,
      {
        driver: "bridge",
        internal: access === "closed",
        options: {
          // Without address translation a published port still works, and nothing inside reaches out.
          "com.docker.network.bridge.enable_ip_masquerade": String(access === "open"),
          // Otherwise the machine has an address in the network, at which everything is reached that listens on all addresses.
          ...(access === "closed" && { "com.docker.network.bridge.inhibit_ipv4": "true" }),
        },
        ipamConfigs: [{ subnet: this.#subnet(name, subnetPool) }],
        labels: labelled(labels),
      },
      // The subnet counts only when the network is made, which then keeps it.
      this.#with(opts, { ignoreChanges: ["ipamConfigs"] }),
    );
    return { resource: network, key: network.id };
  }

  /** A small subnet that nothing on the engine uses. */
  async #subnet(name: string, pool: string): Promise<string> {
    const routes = () => (this.local ? inTheWay(this.#api.routes(), pool) : []);
    this.#usedSubnets ??= this.#api.subnets().then((used) => [...used, ...routes()]);
    const chosen = freeSubnet(
      `${pulumi.getProject()}/${pulumi.getStack()}/${name}`,
      [...(await this.#usedSubnets), ...this.#takenSubnets],
      (subnet) => pulumi.runtime.isDryRun() || this.#api.claimSubnet(subnet),
      pool,
    );
    this.#takenSubnets.push(chosen);
    return chosen;
  }

  volume(name: string, { labels, replaceable }: VolumeSpec, opts: pulumi.CustomResourceOptions): Handle {
    const ignoreChanges = VOLUME_FIXED.filter((each) => !replaceable || each !== "labels");
    this.#volumeNames.take(name, String(labels["stackyard.service"]), opts.parent);
    const volume = new docker.Volume(name, { labels: labelled(labels) }, this.#with(opts, { ignoreChanges }));
    return { resource: volume, key: volume.name };
  }

  image(name: string, { ref, build }: ImageSpec, opts: pulumi.CustomResourceOptions): Handle {
    const image = new docker.RemoteImage(
      name,
      { name: ref, keepLocally: true, ...(build ? { build: buildOf(build) } : {}) },
      this.#with(opts, NEW_IMAGE_FIRST),
    );
    return { resource: image, key: this.#imageId(ref, image) };
  }

  /**
   * A preview does not know the id of an image that is not in the state, as none is after `down`, but the engine may know it. So
   * the preview does not show a finished job as one to run.
   */
  #imageId(ref: string, { imageId }: docker.RemoteImage): pulumi.Output<string> {
    if (!pulumi.runtime.isDryRun()) return imageId;
    return pulumi.output(this.#api.imageId(ref)).apply((id) => (id === undefined ? imageId : pulumi.output(id)));
  }

  service(name: string, workload: ServiceWorkload, opts: pulumi.CustomResourceOptions): ServiceHandle {
    const { probe, watch } = workload;
    const contents = [...contentsFor(workload), ...contentsOf(workload.folders ?? {})];
    for (const { kind } of contents) this.#volumeNames.take(`${name}-${kind}`, workload.service, opts.parent);
    const filled = contents.map((each) =>
      filledVolume(
        this.#api,
        name,
        each,
        workload.image.key,
        workload.labels,
        this.#with({
          ...(opts.parent ? { parent: opts.parent } : {}),
          ...(workload.allowed ? { dependsOn: workload.allowed } : {}),
        }),
      ),
    );
    const program = probe.program && this.#programOf(probe.program, workload.labels);
    const unprobed = probe.test === "none";
    const networks = workload.networks === "host" ? [] : workload.networks;
    const ready = async (id: string) => {
      const seen = seenBy(watch, await this.#api.clock());
      watch.settled?.(await untilReady(this.#api, id, workload.pids, { ...watch, ...seen, unprobed }));
      const named = networks.filter(({ whenReady }) => whenReady);
      await Promise.all(
        named.map(async ({ network, aliases }) => this.#api.join(id, await valueOf(network.key), aliases)),
      );
    };
    const container = this.#container(
      name,
      workload,
      {
        restart: workload.restart,
        mustRun: true,
        destroyGraceSeconds: workload.stopGraceSeconds,
        stopTimeout: workload.stopGraceSeconds,
        ...(workload.stopSignal === undefined ? {} : { stopSignal: workload.stopSignal }),
        ports: portsOf(workload.published),
        healthcheck: healthcheckOf(this.#api, probe, workload.image.key, watch.timeoutSeconds),
        volumes: [
          ...mountedVolumes(workload),
          ...[...filled, ...(program ? [program] : [])].map(({ folder, volume }) => ({
            containerPath: folder,
            volumeName: volume,
            readOnly: true,
          })),
        ],
        ...this.#configFiles(workload),
        ...(workload.hostname === undefined ? {} : { hostname: workload.hostname }),
        ...(workload.dns === undefined
          ? {}
          : { dns: workload.dns.servers, dnsSearches: workload.dns.search, dnsOpts: workload.dns.options }),
        ...(workload.sysctls === undefined ? {} : { sysctls: workload.sysctls }),
        ...(workload.ulimits === undefined
          ? {}
          : { ulimits: Object.entries(workload.ulimits).map(([name, { soft, hard }]) => ({ name, soft, hard })) }),
        ...(workload.devices === undefined
          ? {}
          : {
              devices: workload.devices.map(({ host, path, permissions }) => ({
                hostPath: host,
                containerPath: path,
                permissions,
              })),
            }),
      },
      {
        ...opts,
        hooks: {
          ...opts.hooks,
          beforeCreate: [
            ...(probe.test === "image" ? [imageProbed(name, watch.subject)] : []),
            ...(opts.hooks?.beforeCreate ?? []),
            ...this.#owning(name, workload),
            ...filled.map(({ kind, fill }) => new pulumi.ResourceHook(`${name}:${kind}`, fill)),
            ...(program ? [new pulumi.ResourceHook(`${name}:program`, program.fill)] : []),
          ],
          // They are called in this order. An update after a refresh starts a stopped container in place, under the same id, so that
          // no gate runs again: the last of them waits instead. Not after the update, because what an after-hook refuses is recorded
          // all the same; the first one has carried out by then what the update changes.
          beforeUpdate: [
            async (args) => changeInPlace(this.#api, workload.service, args),
            ...(opts.hooks?.beforeUpdate ?? []),
            async ({ id }) => ready(id ?? ""),
          ],
        },
      },
    );
    const id = () => valueOf(container.key);
    return {
      ...container,
      // The engine's DNS knows each container by the beginning of its id.
      host: container.key.apply((id) => id.slice(0, 12)),
      ready: async () => ready(await id()),
      reach: async (others) => this.#reach(await id(), networks, others, workload.labels),
      exec: async (command) => {
        const { exitCode, output } = await this.#api.execute(await id(), command);
        if (exitCode !== 0) throw new ExecError(output.trim() || `exit code ${exitCode}`);
        return output;
      },
      put: async (folder, files) => this.#api.putFiles(await id(), folder, ownedBy(workload.user, files, 0o600)),
    };
  }

  async #reach(
    id: string,
    declared: readonly Joined[],
    others: readonly Handle[],
    { "stackyard.id": stack = "" }: Workload["labels"],
  ): Promise<void> {
    const keysOf = (handles: readonly Handle[]) => Promise.all(handles.map(({ key }) => valueOf(key)));
    const [wanted, own, ours, present] = await Promise.all([
      keysOf(others),
      keysOf(declared.map(({ network }) => network)),
      this.#api.networks({ "stackyard.id": await valueOf(pulumi.output(stack)) }),
      this.#api.endpoints(id),
    ]);
    const left = ours.filter(({ id }) => id in present && !wanted.includes(id) && !own.includes(id));
    await Promise.all([
      ...wanted.filter((network) => !(network in present)).map((network) => this.#api.join(id, network, [])),
      ...left.map((network) => this.#api.leave(id, network.id)),
    ]);
  }

  job(name: string, workload: JobWorkload, opts: pulumi.CustomResourceOptions): JobHandle {
    const { watch, pids } = workload;
    const contents = contentsFor(workload);
    const container = this.#container(
      name,
      workload,
      {
        start: false,
        mustRun: false,
        restart: "no",
        destroyGraceSeconds: 10,
        // Without names: they come and go with the container, and are filled just before it is started.
        volumes: [...mountedVolumes(workload), ...contents.map(({ folder }) => ({ containerPath: folder }))],
        ...mountsOf(workload.mounts),
      },
      {
        ...opts,
        hooks: {
          ...opts.hooks,
          beforeCreate: [...(opts.hooks?.beforeCreate ?? []), ...this.#owning(name, workload)],
        },
      },
    );
    const run = async () => {
      const id = await valueOf(container.key);
      const prepare = async () => {
        const limited = this.#api.limitPids(id, pids);
        const read = contents.map(async ({ folder, files }) => ({ folder, files: await files() }));
        const puts = (await Promise.all(read)).map(({ folder, files }) => this.#api.putFiles(id, folder, files));
        await Promise.all([limited, ...puts]);
      };
      const seen = seenBy(watch, await this.#api.clock());
      await untilDone(this.#api, id, { ...watch, ...seen }, prepare, watch.line ?? (() => {}));
    };
    return { ...container, run };
  }

  async clear(
    labels: Record<string, string>,
    { stopGraceSeconds, port }: { stopGraceSeconds?: number; port?: HostPort },
  ): Promise<void> {
    const found = await (port === undefined ? this.#api.list(labels) : publishing(this.#api, port, labels));
    await Promise.all(found.map(({ id }) => this.#api.remove(id, stopGraceSeconds)));
  }

  /** The ports of an engine on another machine cannot be seen from here. */
  portHolder = async (port: HostPort) =>
    this.local ? holderOf(port, (each) => publisherOf(this.#api, each)) : undefined;
  hasVolume = (key: string) => this.#api.hasVolume(key);
  volumes = async (labels: Record<string, string>) => (await this.#api.volumes(labels)).map(({ name }) => name);
  isEmpty = (key: string) => this.#api.isEmptyVolume(key);
  hasImage = (ref: string) => this.#api.hasImage(ref);
  imageConfig = (ref: string) => this.#api.imageConfig(ref);
  capacity = async () => {
    const { memoryBytes, cpus } = await this.#api.info();
    return { memoryBytes, cpus };
  };

  async pull(ref: string, watch: PullWatch): Promise<void> {
    // Loaded here because most runs pull nothing.
    const { pull } = await import("./pull.ts");
    await pull(this.#api, ref, watch);
  }

  #with(opts: pulumi.CustomResourceOptions, more: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
    return { ...opts, ...(this.#provider ? { provider: this.#provider } : {}), ...more };
  }

  /** Empties the volumes that are fresh for each container, and gives new ones to their owners, before the container is made. */
  #owning(name: string, workload: Workload): pulumi.ResourceHook[] {
    return workload.volumes.flatMap(({ path, volume, owner, fresh }) => {
      if (!owner && !fresh) return [];
      const own = async () => {
        const key = await valueOf(volume.key);
        if (fresh) await this.#api.emptyVolume(key, await valueOf(pulumi.output(fresh)));
        if (owner) await this.#own(key, path, owner, workload);
      };
      return [new pulumi.ResourceHook(`${name}:own ${path}`, own)];
    });
  }

  async #own(volume: string, path: string, owner: string, { image, labels }: Workload): Promise<void> {
    const [uid = 0, gid = 0] = owner.split(":").map(Number);
    await this.#api.ownVolume(
      volume,
      path,
      await valueOf(image.key),
      { uid, gid },
      await valueOf(pulumi.output(labels)),
    );
  }

  #container(
    name: string,
    workload: Workload,
    particular: Partial<docker.ContainerArgs>,
    opts: pulumi.CustomResourceOptions,
  ): Handle {
    const { networks, privileged = false } = workload;
    const container = new docker.Container(
      name,
      {
        image: workload.image.key,
        ...programOf(workload),
        envs: Object.entries(workload.env).map(([key, value]) =>
          typeof value === "string" ? `${key}=${value}` : pulumi.interpolate`${key}=${value}`,
        ),
        user: workload.user,
        ...(workload.groups === undefined ? {} : { groupAdds: workload.groups.map(String) }),
        ...(workload.workingDir === undefined ? {} : { workingDir: workload.workingDir }),
        ...(privileged
          ? { privileged }
          : {
              capabilities: {
                drops: ["ALL"],
                ...(workload.capabilities.length > 0 ? { adds: workload.capabilities } : {}),
              },
              securityOpts: ["no-new-privileges:true"],
            }),
        readOnly: workload.readOnlyRoot,
        init: workload.init,
        tmpfs: workload.tmpfs,
        ...(workload.hosts ? { hosts: Object.entries(workload.hosts).map(([host, ip]) => ({ host, ip })) } : {}),
        memory: workload.memoryMiB,
        memorySwap: workload.memoryMiB,
        ...(workload.cpus === undefined ? {} : { cpus: dockerCpus(workload.cpus) }),
        ...(workload.gpus === undefined ? {} : { gpus: String(workload.gpus) }),
        ...(workload.shmSizeMiB === undefined ? {} : { shmSize: workload.shmSizeMiB }),
        // Without a mode the container would be on the engine's default network, from which everything can be reached.
        networkMode: networks === "host" ? "host" : networks.length > 0 ? "bridge" : "none",
        networksAdvanced:
          networks === "host"
            ? []
            : networks.map(({ network, aliases, whenReady }) => ({
                name: network.key,
                aliases: whenReady ? [] : aliases,
              })),
        labels: labelled(workload.labels),
        logDriver: "json-file",
        logOpts: LOG_OPTIONS,
        ...particular,
        ...overridden(particular, workload.overrides),
      },
      this.#with(opts, { replaceOnChanges: REPLACE_ON }),
    );
    return { resource: container, key: container.id };
  }

  /** One volume with the program is enough for all probes of a stack. */
  #programOf(image: Handle, { "stackyard.service": _, ...labels }: Workload["labels"]): FilledVolume {
    this.#probeProgram ??= filledVolume(
      this.#api,
      "probe",
      probeProgram(this.#api, image.key, labels),
      image.key,
      labels,
      this.#with(this.#parent ? { parent: this.#parent } : {}),
    );
    return this.#probeProgram;
  }

  /**
   * Single files hide nothing else in their folders: they are put in where the root can be written, else they are mounted. Bind
   * mounts and not `volumes`, for which the engine would silently make an empty folder in place of a missing file.
   */
  #configFiles({ configFiles, readOnlyRoot, mounts, labels }: ServiceWorkload): Partial<docker.ContainerArgs> {
    const files = Object.entries(configFiles);
    if (files.length === 0) return mountsOf(mounts);
    if (!readOnlyRoot) {
      const uploads = files.map(([file, { content }]) => ({ file, contentBase64: content.toString("base64") }));
      return { ...mountsOf(mounts), uploads };
    }
    const mounted = files.map(([path, file]) => ({ source: file.path, path, readOnly: true }));
    const hash = createHash("sha256");
    for (const [path, { content }] of files) hash.update(JSON.stringify([path, content.length])).update(content);
    return {
      ...mountsOf([...mounts, ...mounted]),
      // Other content replaces the container, because a server reads its configuration when it starts.
      labels: labelled({ ...labels, "stackyard.files": hash.digest("hex").slice(0, 12) }),
    };
  }
}

/** The provider drops an empty list, for which the engine takes the image's own: so the command's program becomes the entry point. */
function programOf({ entrypoint, command }: Workload): Partial<docker.ContainerArgs> {
  const all = entrypoint?.length === 0 ? (command ?? []) : undefined;
  const [entrypoints, rest] = all ? [all.slice(0, 1), all.slice(1)] : [entrypoint, command];
  return { ...(rest?.length ? { command: rest } : {}), ...(entrypoints ? { entrypoints } : {}) };
}

/** Adds mounts to the workload's own; everything else replaces the workload's. */
function overridden({ mounts = [] }: Partial<docker.ContainerArgs>, overrides: ContainerOverrides = {}) {
  const { mounts: more, ...others } = overrides;
  return more === undefined
    ? others
    : { ...others, mounts: pulumi.all([mounts, more]).apply((both) => both.flatMap((each = []) => each)) };
}

const mountedVolumes = ({ volumes }: Workload) =>
  volumes.map(({ path, volume, readOnly }) => ({
    containerPath: path,
    volumeName: volume.key,
    ...(readOnly ? { readOnly } : {}),
  }));

const mountsOf = (mounts: Workload["mounts"]): Partial<docker.ContainerArgs> =>
  mounts.length === 0
    ? {}
    : {
        mounts: mounts.map(({ source, path, readOnly }) => ({ type: "bind", source, target: path, readOnly })),
      };

/** In the order in which the provider reads them back. */
const portsOf = (published: readonly PublishedPort[]) =>
  published
    .map(({ hostPort, port, protocol, address }) => ({ internal: port, external: hostPort, ip: address, protocol }))
    .sort((a, b) => a.internal - b.internal || (a.protocol < b.protocol ? -1 : 1));

const buildOf = ({ context, dockerfile, target, platform, args, secretFiles }: BuildSpec) => ({
  context,
  ...(dockerfile === undefined ? {} : { dockerfile }),
  ...(target === undefined ? {} : { target }),
  ...(platform === undefined ? {} : { platform }),
  buildArgs: args,
  secrets: Object.entries(secretFiles).map(([id, src]) => ({ id, src })),
});

/** Converts the times of a container's state to this machine's clock. */
const seenBy = ({ saw }: Watch, clock: Clock) => ({
  saw: ({ createdAt, startedAt, health }: ContainerState) => {
    const seen: Seen = {
      createdAt: clock.here(createdAt).getTime(),
      startedAt: startedAt && clock.here(startedAt).getTime(),
      health: health?.status,
    };
    saw?.(seen);
  },
});
