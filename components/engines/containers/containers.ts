import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename } from "node:path/posix";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { Engine, NetworkSpec, Running, ServiceWorkload, VolumeSpec, Workload } from "../engine.ts";
import { valueOf } from "../value.ts";
import type { EngineApi, HandedFile } from "./api.ts";
import { hashesOf, triggerOf } from "./hashes.ts";

/**
 * Changes that the provider calls an update but does not carry out: they have to replace the container.
 * See provider-facts, "In-place but silently not applied" (kreuzwerker/terraform-provider-docker#989 does not cover nested fields).
 */
const REPLACE_ON = ["healthcheck", "mounts", "tmpfs", "init", "cpuPeriod", "cpuQuota"];

/** By which a run tells what it has made itself, of what is soon gone again. */
const RUN = randomBytes(4).toString("hex");

const LOG_OPTIONS = { "max-size": "10m", "max-file": "3" };

/** Plain containers on one Docker engine. */
export class ContainersEngine implements Engine {
  readonly api: EngineApi;
  readonly #provider: docker.Provider;

  constructor(provider: docker.Provider, api: EngineApi) {
    this.#provider = provider;
    this.api = api;
  }

  network(name: string, { subnet, access, labels }: NetworkSpec, opts: pulumi.CustomResourceOptions): Running {
    const network = new docker.Network(
      name,
      {
        driver: "bridge",
        internal: access === "closed",
        options: {
          // Without address translation a published port still works, and nothing inside reaches out.
          "com.docker.network.bridge.enable_ip_masquerade": String(access === "open"),
          // Else the machine itself has an address in it, at which all is reached that listens on every address.
          ...(access === "closed" && { "com.docker.network.bridge.inhibit_ipv4": "true" }),
        },
        ipamConfigs: [{ subnet }],
        labels: labelled(labels),
      },
      // The subnet is a candidate: it counts when the network is made, and is kept.
      { ...opts, provider: this.#provider, ignoreChanges: ["ipamConfigs"] },
    );
    return { resource: network, id: network.id };
  }

  volume(name: string, { labels, replaceable }: VolumeSpec, opts: pulumi.CustomResourceOptions): Running {
    const ignoreChanges = VOLUME_FIXED.filter((each) => !replaceable || each !== "labels");
    const volume = new docker.Volume(
      name,
      { labels: labelled(labels) },
      { ...opts, provider: this.#provider, ignoreChanges },
    );
    return { resource: volume, id: volume.name };
  }

  service(name: string, workload: ServiceWorkload, opts: pulumi.CustomResourceOptions): Running {
    const { data, mounts, published, probe } = workload;
    const handed = [...handedTo(workload), ...broughtTo(workload)].map((each) =>
      this.#volumeOf(name, each, workload, opts),
    );
    return this.#container(
      name,
      workload,
      {
        restart: "unless-stopped",
        mustRun: true,
        destroyGraceSeconds: workload.stopGraceSeconds,
        stopTimeout: workload.stopGraceSeconds,
        ports: published
          .map(({ hostPort, port, address }) => ({ internal: port, external: hostPort, ip: address, protocol: "tcp" }))
          .sort((a, b) => a.internal - b.internal),
        healthcheck: {
          tests: probe.test,
          interval: goDuration(probe.intervalSeconds * 1000),
          timeout: goDuration(probe.timeoutSeconds * 1000),
          startPeriod: goDuration(workload.readyTimeoutSeconds * 1000),
          startInterval: goDuration(probe.startIntervalMs),
          retries: probe.retries,
        },
        volumes: [
          ...(data ? [{ containerPath: data.path, ...(data.volume ? { volumeName: data.volume } : {}) }] : []),
          ...handed.map(({ folder, volume }) => ({ containerPath: folder, volumeName: volume, readOnly: true })),
        ],
        // Not among the volumes: there, the engine makes a folder that it does not have, empty, without a word.
        ...(mounts.length > 0 && {
          mounts: mounts.map(({ folder, path }) => ({ type: "bind", source: folder, target: path, readOnly: true })),
        }),
      },
      {
        ...opts,
        hooks: {
          ...opts.hooks,
          beforeCreate: [
            ...(opts.hooks?.beforeCreate ?? []),
            ...handed.map(({ kind, put }) => new pulumi.ResourceHook(`${name}-${kind}`, put)),
          ],
          // The engine calls them in this order: what waits for the service comes after.
          beforeUpdate: [
            async (args) => changeInPlace(this.api, workload.service, args),
            ...(opts.hooks?.beforeUpdate ?? []),
          ],
        },
      },
    );
  }

  job(name: string, workload: Workload, opts: pulumi.CustomResourceOptions) {
    const handed = handedTo(workload);
    const container = this.#container(
      name,
      workload,
      {
        start: false,
        mustRun: false,
        restart: "no",
        destroyGraceSeconds: 10,
        // Without names: they come and go with the container, and are filled just before it is started.
        volumes: handed.map(({ folder }) => ({ containerPath: folder })),
      },
      opts,
    );
    const prepare = async (id: string) => {
      const all = await Promise.all(handed.map(async ({ folder, files }) => ({ folder, files: await files() })));
      await Promise.all(all.map(({ folder, files }) => this.api.putFiles(id, folder, files)));
    };
    return { ...container, prepare };
  }

  #container(
    name: string,
    workload: Workload,
    particular: Partial<docker.ContainerArgs>,
    opts: pulumi.CustomResourceOptions,
  ): Running {
    const container = new docker.Container(
      name,
      {
        image: workload.image,
        ...(workload.command ? { command: workload.command } : {}),
        ...(workload.entrypoint ? { entrypoints: workload.entrypoint } : {}),
        envs: Object.entries(workload.env).map(([key, value]) =>
          typeof value === "string" ? `${key}=${value}` : pulumi.interpolate`${key}=${value}`,
        ),
        user: workload.user,
        capabilities: { drops: ["ALL"], ...(workload.capabilities.length > 0 ? { adds: workload.capabilities } : {}) },
        securityOpts: ["no-new-privileges:true"],
        readOnly: workload.readOnlyRoot,
        init: workload.init,
        tmpfs: workload.tmpfs,
        ...(workload.hosts ? { hosts: Object.entries(workload.hosts).map(([host, ip]) => ({ host, ip })) } : {}),
        memory: workload.memoryMiB,
        memorySwap: workload.memoryMiB,
        ...(workload.cpus === undefined ? {} : { cpus: dockerCpus(workload.cpus) }),
        ...(workload.gpus === undefined ? {} : { gpus: String(workload.gpus) }),
        ...(workload.shmMiB === undefined ? {} : { shmSize: workload.shmMiB }),
        // Where there is none, the engine's default network would be it, from which all the world is reached.
        networkMode: workload.networks.length > 0 ? "bridge" : "none",
        networksAdvanced: workload.networks.map(({ id, aliases }) => ({ name: id, aliases })),
        labels: labelled(workload.labels),
        logDriver: "json-file",
        logOpts: LOG_OPTIONS,
        ...particular,
      },
      { ...opts, provider: this.#provider, replaceOnChanges: REPLACE_ON },
    );
    return { resource: container, id: container.id };
  }

  /**
   * A volume with what is handed to one service: so it is in no `docker inspect`, and a read-only container can have it.
   * Another content is another volume, so that nothing changes under a running container.
   */
  #volumeOf(
    name: string,
    { kind, folder, content, files }: Handed,
    { image, labels, allowed }: ServiceWorkload,
    opts: pulumi.CustomResourceOptions,
  ) {
    const carrier = pulumi.output({ ...labels, "stackyard.kind": "carrier" });
    const fill = async (volume: pulumi.Input<string>) => {
      const mine = await valueOf(carrier);
      // One that an ended `up` left would keep its volume from being removed.
      const left = (await this.api.list(mine)).filter((each) => each.labels["stackyard.run"] !== RUN);
      await Promise.all(left.map(({ id }) => this.api.remove(id, 0)));
      const labels = { ...mine, "stackyard.run": RUN };
      await this.api.fillVolume(await valueOf(volume), await files(), await valueOf(image), labels);
    };
    let early: Promise<void> | undefined;
    const volume = new docker.Volume(
      `${name}-${kind}`,
      { labels: labelled({ ...labels, "stackyard.kind": kind }) },
      {
        ...(opts.parent ? { parent: opts.parent } : {}),
        provider: this.#provider,
        ...(allowed ? { dependsOn: allowed } : {}),
        ignoreChanges: VOLUME_FIXED,
        replacementTrigger: triggerOf(content, `${String(labels["stackyard.id"])}/${name}-${kind}`),
        hooks: {
          // While networks are being made, which takes the provider two seconds. What fails here is done again below.
          afterCreate: [
            new pulumi.ResourceHook(`${name}-${kind}-early`, ({ newOutputs }) => {
              early = fill((newOutputs as { name: string }).name);
              early.catch(() => {});
            }),
          ],
        },
      },
    );
    /** For the hook of the container that needs it: an `up` that was ended before may have left the volume empty. */
    const put = () => early?.catch(() => fill(volume.name)) ?? fill(volume.name);
    return { kind, folder, volume: volume.name, put };
  }
}

/**
 * Carries out what the provider would carry out in place (provider-facts, section 2; of that, these are what a workload sets):
 * before anything waits for the service, which may not get well without it. The provider finds it done.
 */
async function changeInPlace(
  api: EngineApi,
  service: string,
  { id = "", newInputs }: pulumi.ResourceHookArgs,
): Promise<void> {
  const { memory, memorySwap, restart } = newInputs as { memory: number; memorySwap: number; restart: string };
  const before = await api.inspect(id);
  // The wait says so.
  if (!before) return;
  await api.update(id, { memoryMiB: memory, memorySwapMiB: memorySwap, restart }).catch((error: Error) => {
    throw new Error(
      `${service}: its memory cannot be set to ${memory} MiB while it runs, which it does as before: it may hold more than ` +
        `that (${error.message.trim()}). Set more; or take it down first, by \`make down\`, and bring it up again.`,
    );
  });
  // It would go on as it was started, or to its next death: a service on its first way up is left to it.
  const { health, restarts, status } = before;
  const fails = health?.status === "unhealthy" || (restarts > 0 && health?.status !== "healthy");
  if (status === "restarting" || (status === "running" && fails)) await api.restart(id);
}

/** What is handed to a container at one folder. */
interface Handed {
  kind: string;
  folder: string;
  /** By file name: what is secret, or the hash of what is not, which may be too large for the state. */
  content: pulumi.Output<Record<string, string>>;
  files: () => Promise<HandedFile[]>;
}

function handedTo({ user, secrets, files }: Workload): Handed[] {
  const [uid = 0, gid = 0] = user.split(":").map(Number);
  const texts = pulumi.output(secrets) as pulumi.Output<Record<string, string>>;
  const own = async () =>
    Object.entries(await valueOf(texts)).map(([name, content]) => ({ name, content, mode: 0o400, uid, gid }));
  return [
    ...(Object.keys(secrets).length > 0
      ? [{ kind: "secrets", folder: "/run/secrets", content: texts, files: own }]
      : []),
    ...(Object.keys(files).length > 0 ? [forAll("/run/files", files)] : []),
  ];
}

const broughtTo = ({ folders = {} }: ServiceWorkload): Handed[] =>
  Object.entries(folders).map(([folder, paths]) =>
    forAll(folder, Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, readFileSync(path)]))),
  );

function forAll(folder: string, contents: Record<string, string | Buffer>): Handed {
  const files = Object.entries(contents).map(([name, content]) => ({ name, content, mode: 0o444, uid: 0, gid: 0 }));
  return { kind: basename(folder), folder, content: pulumi.output(hashesOf(contents)), files: async () => files };
}

/** Changes of these would replace a volume, that is delete what is in it. */
const VOLUME_FIXED = ["labels", "driver", "driverOpts", "name"];

const labelled = (labels: Record<string, pulumi.Input<string>>) =>
  Object.entries(labels).map(([label, value]) => ({ label, value }));

/** A duration as Go prints it (`1m30s`, `200ms`): any other spelling is read back differently, a change on every `up`. */
export function goDuration(ms: number): string {
  if (ms === 0) return "0s";
  if (ms < 1000) return `${ms}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = `${(ms % 60_000) / 1000}s`;
  return hours > 0 ? `${hours}h${minutes}m${seconds}` : minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** CPUs as the provider reads them back: `1.0`, `0.5`. */
export function dockerCpus(cpus: number): string {
  return cpus.toFixed(1);
}
