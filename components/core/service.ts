import * as pulumi from "@pulumi/pulumi";
import type { Handle, Mount, ProbeSpec, PublishedPort, ServiceHandle, ServiceWorkload } from "../engines/engine.ts";
import { type Dependency, gatesOf, networksOf } from "./dependency.ts";
import { gate, interrupted } from "./gate.ts";
import { outsideNetwork, ownNetwork } from "./network.ts";
import type { Platform } from "./platform.ts";
import { byFolder } from "./secret.ts";
import { defined } from "./support/defined.ts";
import { guard } from "./support/guardrails.ts";
import { enoughCpus, warnOfMemory } from "./support/machine.ts";
import { note, notesOf } from "./support/timings.ts";
import { inMemory } from "./targets.ts";
import { type SharedVolumeArgs, type VolumeArgs, volumeOf } from "./volume.ts";

/** Options that are passed on to the engine unchanged. */
const AS_SAID = [
  "command",
  "entrypoint",
  "groups",
  "privileged",
  "workingDir",
  "hosts",
  "cpus",
  "gpus",
  "shmSizeMiB",
  "hostname",
  "dns",
  "sysctls",
  "ulimits",
  "devices",
  "stopSignal",
  "folders",
  "overrides",
] as const;
type AsSaid = {
  [Key in keyof Pick<ServiceWorkload, (typeof AS_SAID)[number]>]?: ServiceWorkload[Key] | undefined;
};

/** What a component decides of its service. */
export interface ServiceArgs extends AsSaid {
  /** What the stack is built on. */
  platform: Platform;
  /** For messages: `Postgres "main"`. */
  subject: string;
  /** Called only if it runs. */
  image: () => Handle;
  /** Environment without secrets. @default {} */
  env?: Record<string, pulumi.Input<string>>;
  /** Secrets, by file name in /run/secrets. @default {} */
  secrets?: Record<string, pulumi.Input<string>>;
  /** Secrets in other folders, which hold nothing else: by file name, by folder. @default {} */
  secretFolders?: Record<string, Record<string, pulumi.Input<string>>>;
  /** Single files of this machine, by absolute path in the container. @default {} */
  configFiles?: ServiceWorkload["configFiles"];
  /** Published ports: TCP on 127.0.0.1 unless they say otherwise. @default [] */
  ports?: (Pick<PublishedPort, "hostPort" | "port"> & Partial<PublishedPort>)[];
  /** Folders of the engine's machine. @default [] */
  mounts?: Mount[];
  /** Where its data is, and what is remembered of the data. @default [] */
  volumes?: (VolumeArgs | SharedVolumeArgs)[];
  /** What it refers to: it starts after that, and is on its networks. @default {} */
  uses?: Record<string, Dependency>;
  /** What it reaches without waiting for it: another one, or none, does not replace its container. @default [] */
  reaches?: Dependency[];
  /** How many of it run, side by side; only 1 where it has volumes or ports. @default 1 */
  replicas?: number | undefined;
  /** How many of them start at once, each batch once the one before is ready. @default 2 */
  batch?: number | undefined;
  /** `uid:gid` that it runs as, in digits. */
  user: string;
  /** Capabilities that it keeps, by names with `CAP_`. @default [] */
  capabilities?: string[];
  /** Mount options of folders in memory, by path. They replace the default /tmp, as do a volume and a mount. @default {} */
  tmpfs?: Record<string, string>;
  /** Whether it can write only to volumes, writable mounts and folders in memory. @default true */
  readOnlyRoot?: boolean;
  /** Whether an init process runs before its program. Images of servers do not need one. @default false */
  init?: boolean;
  /**
   * What proves that it serves. By default a try may take 5 seconds. The image of its program is asked for only if the service
   * runs.
   */
  probe: Partial<Omit<ProbeSpec, "program">> & Pick<ProbeSpec, "test"> & { program?: () => Handle };
  /** How long the first good probe may take, in seconds. */
  readyTimeoutSeconds: number;
  /** How long it may take to stop before it is killed, in seconds. */
  stopGraceSeconds: number;
  /** Memory limit, in MiB. */
  memoryMiB: number;
  /** The most processes and threads. @default 256 */
  pids?: number | undefined;
  /** When the engine starts it again after it has ended. @default "unless-stopped" */
  restart?: ServiceWorkload["restart"];
  /** Whether it may reach beyond its networks. @default false */
  egress?: boolean;
  /** `host`: it shares the network of the engine's machine. @default - a network of its own, and those of what it refers to */
  networkMode?: "host" | undefined;
  /** Further labels. @default {} */
  labels?: Record<string, string>;
}

const DEFAULT_BATCH = 2;

const PROBE = { timeoutSeconds: 5, startIntervalMs: 200, intervalSeconds: 10, retries: 3 };

/**
 * A long-running workload with a probe, a network that those who refer to it join, and volumes if it has data.
 */
export class Service implements Dependency {
  /** Exists only once the probe has passed. A new container is checked again. */
  readonly ready: pulumi.Resource;
  /** Undefined for one that shares the network of its machine. */
  readonly network?: Handle;
  readonly container?: pulumi.Resource;
  /** Its replicas; none while it does not run. */
  readonly members: readonly ServiceHandle[];
  /** Whether its next release starts beside it, and only then it goes. */
  readonly startFirst: boolean;
  /** Identifies its data: the keys of its volumes, or of its container. Undefined for a service without data. */
  readonly data?: pulumi.Output<string>;

  /** @param component the parent of everything that is made here. */
  constructor(name: string, component: pulumi.Resource, args: ServiceArgs) {
    const { platform, subject, networkMode, readOnlyRoot = true } = args;
    const { engine } = platform;
    const own = { parent: component };
    const ports = (args.ports ?? []).map((port) => ({ protocol: "tcp" as const, address: "127.0.0.1", ...port }));
    const { env = {}, secrets = {}, secretFolders = {} } = args;
    const uses = platform.declared.referredTo(
      Object.values(args.uses ?? {}),
      env,
      secrets,
      ...Object.values(secretFolders),
    );
    const { reaches = [], replicas = 1 } = args;
    const { program, ...timings } = args.probe;
    const exclusive = ports.length > 0 || args.volumes !== undefined || networkMode === "host";
    platform.declared.add(
      {
        name,
        kind: "service",
        type: component.constructor.name,
        ...(networkMode === "host" ? {} : { network: name }),
        hostPorts: ports.map(({ hostPort }) => hostPort),
        data: args.volumes !== undefined,
      },
      {
        made: this,
        uses: [...uses, ...reaches],
        claims: [
          ...(args.hostname === undefined ? [] : [{ name: args.hostname, option: "hostname" as const, subject }]),
          ...Object.keys(args.hosts ?? {}).map((name) => ({ name, option: "hosts" as const, subject })),
        ],
      },
    );

    const volumes = (args.volumes ?? []).map((each) => ({
      path: each.path,
      ...volumeOf(name, component, platform, each),
      ...("shared" in each && each.readOnly ? { readOnly: true } : {}),
      ...(each.owner === undefined ? {} : { owner: each.owner }),
    }));
    const kept = volumes.flatMap(({ volume, fresh }) => (volume && !fresh ? [volume] : []));
    if (kept.length > 0) this.data = joined(kept.map(({ key }) => key));
    // Also while it is down, so that the next `up` finds nothing changed.
    for (const port of ports) platform.ledger.publish(subject, port);

    this.startFirst = !exclusive;
    if (!platform.runs(name)) {
      // What lasts has been declared; everything else is removed until the next `up`.
      this.network = { key: pulumi.output(""), resource: component };
      this.ready = component;
      this.members = [];
      return;
    }

    const network = networkMode === "host" ? undefined : ownNetwork(name, platform, own);
    if (network) this.network = network;
    const outside = uses.some((each) => each.outside);
    const access = args.egress || outside ? "open" : ports.length > 0 ? "reachable" : undefined;
    const reached = networksOf(reaches);
    const check = () =>
      guard({
        platform,
        service: name,
        subject,
        ports,
        volumes: kept,
        exclusive,
        stopGraceSeconds: args.stopGraceSeconds,
      });

    if (args.cpus !== undefined) platform.check(enoughCpus(platform, { ...args, cpus: args.cpus }));
    const memory = new pulumi.ResourceHook(`${name}:memory`, () => warnOfMemory(platform, args), { onDryRun: true });
    const guarded = new pulumi.ResourceHook(`${name}:guard`, check, { onDryRun: true });
    const workload: Omit<ServiceWorkload, "labels"> = {
      ...defined(args, AS_SAID),
      service: name,
      image: args.image(),
      env,
      secrets: byFolder(secrets, secretFolders),
      files: {},
      configFiles: args.configFiles ?? {},
      user: args.user,
      capabilities: args.capabilities ?? [],
      readOnlyRoot,
      init: args.init ?? false,
      tmpfs: inMemory(readOnlyRoot, args.tmpfs ?? {}, [...volumes, ...(args.mounts ?? [])]),
      memoryMiB: args.memoryMiB,
      pids: args.pids ?? 256,
      networks: network
        ? [
            // Beside one that serves, it must not answer in its name before it can.
            { network, aliases: [name], whenReady: this.startFirst },
            ...outsideNetwork(name, platform, access, own).map((each) => ({ network: each, aliases: [] })),
            ...networksOf(uses).map((each) => ({ network: each, aliases: exclusive ? [name] : [] })),
          ]
        : "host",
      volumes: volumes.flatMap(({ volume, ...each }) => (volume ? [{ ...each, volume }] : [])),
      mounts: args.mounts ?? [],
      published: ports,
      probe: { ...PROBE, ...timings, ...(program ? { program: program() } : {}) },
      restart: args.restart ?? "unless-stopped",
      stopGraceSeconds: args.stopGraceSeconds,
      allowed: platform.ledger.checked,
      watch: {
        subject,
        timeoutSeconds: args.readyTimeoutSeconds,
        mask: platform.secrets.mask,
        signal: interrupted(),
      },
    };
    const labels = { ...args.labels, ...platform.labels(name, "service") };
    const waits = [
      ...(kept.length > 0 || ports.length > 0 ? [platform.ledger.checked] : []),
      ...gatesOf(uses),
      // So that its container goes before them: a network on which one is cannot be removed.
      ...reached.map(({ resource }) => resource),
    ];
    const start = (which: string, after: pulumi.Resource[]) =>
      engine.service(
        which,
        {
          ...workload,
          labels: which === name ? labels : { ...labels, "stackyard.replica": which },
          watch: {
            ...workload.watch,
            saw: notesOf(name, which),
            settled: (tookMs) => note({ service: name, replica: which, tookMs }),
          },
        },
        {
          ...own,
          deleteBeforeReplace: exclusive,
          dependsOn: [...waits, ...after],
          hooks: { beforeCreate: [guarded, memory], beforeUpdate: [memory] },
        },
      );

    const batches = batchesOf(replicasOf(name, replicas), args.batch ?? DEFAULT_BATCH);
    const members: ServiceHandle[] = [];
    let ready: pulumi.Resource | undefined;
    for (const [index, batch] of batches.entries()) {
      const started = batch.map((which) => start(which, ready ? [ready] : []));
      members.push(...started);
      ready = gate(
        index === batches.length - 1 ? `${name}-ready` : `${name}.${index + 1}-ready`,
        {
          container: joined(started.map(({ key }) => key)),
          // What is changed in place counts too, as the container stays the same.
          memoryMiB: args.memoryMiB,
          ...(reached.length === 0 ? {} : { reaches: joined(reached.map(({ key }) => key)) }),
        },
        async () => {
          if (reaches.length > 0) await Promise.all(started.map((each) => each.reach(reached)));
          await Promise.all(started.map((each) => each.ready()));
        },
        { ...own, dependsOn: started.map(({ resource }) => resource) },
      );
    }
    const [first] = members as [ServiceHandle];
    this.members = members;
    this.container = first.resource;
    if (args.volumes && kept.length === 0) this.data = first.key;
    this.ready = ready as pulumi.Resource;
    note({ service: name, kind: "service", waitsFor: platform.declared.named(uses).map((each) => each.name) });
  }

  get gate(): pulumi.Resource {
    return this.ready;
  }
}

/** `web`, `web.2`, `web.3`: no component has a dot in its name. */
const replicasOf = (name: string, replicas: number) =>
  Array.from({ length: replicas }, (_, index) => (index === 0 ? name : `${name}.${index + 1}`));

const batchesOf = (names: readonly string[], size: number) =>
  Array.from({ length: Math.ceil(names.length / size) }, (_, index) => names.slice(index * size, (index + 1) * size));

const joined = (keys: pulumi.Output<string>[]) =>
  keys.length === 1 && keys[0] ? keys[0] : pulumi.all(keys).apply((all) => all.join(","));
