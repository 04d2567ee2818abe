import * as pulumi from "@pulumi/pulumi";
import { untilReady } from "../engines/containers/watch.ts";
import type { ProbeCommand, Running } from "../engines/engine.ts";
import { valueOf } from "../engines/value.ts";
import type { Dependency } from "./dependency.ts";
import { gate, interrupted } from "./gate.ts";
import type { Image } from "./image.ts";
import { discarded, toDiscard } from "./ledger.ts";
import { outside } from "./network.ts";
import type { Platform } from "./platform.ts";
import { guard } from "./support/guardrails.ts";
import { enoughCpus, warnOfMemory } from "./support/machine.ts";
import { note, notesOf } from "./support/timings.ts";

/** What a component says of its service; the rest is decided here and below. */
export interface ServiceArgs {
  platform: Platform;
  /** For messages: `Postgres "main"`. */
  subject: string;
  /** Asked for when it runs. */
  image: () => Image;
  command?: string[];
  env?: Record<string, pulumi.Input<string>>;
  /** By file name in /run/secrets. */
  secrets?: Record<string, pulumi.Input<string>>;
  /** Files of this machine by their names, in folders of their own. */
  folders?: Record<string, Record<string, string>>;
  /** Container port by host port. */
  ports?: { hostPort: number; port: number }[];
  /** Folders of this machine, by absolute path, that can be read at a path in the container. @default [] */
  mounts?: { folder: string; path: string }[];
  /** Where the data is, and what is remembered of it. */
  data?: {
    path: string;
    lifecycle: VolumeLifecycle;
    major?: string;
    firstStart?: Record<string, pulumi.Input<string>>;
  };
  uses?: Record<string, Dependency>;
  /** Numeric `uid:gid`. */
  user: string;
  capabilities?: string[];
  /** Addresses that need no DNS server, by name. @default {} */
  hosts?: Record<string, string>;
  tmpfs?: Record<string, string>;
  readOnlyRoot?: boolean;
  /** Whether its program needs a process 1 before it: servers' own images do without. @default false */
  init?: boolean;
  probe: Partial<ProbeCommand> & Pick<ProbeCommand, "test">;
  readyTimeoutSeconds: number;
  stopGraceSeconds: number;
  memoryMiB: number;
  cpus?: number | undefined;
  gpus?: "all" | number | undefined;
  pids?: number;
  /** How much its /dev/shm holds, in MiB. @default - the engine's own, 64 */
  shmMiB?: number;
  /** Whether it may reach beyond its networks. @default false */
  egress?: boolean;
}

/** `ephemeral` goes with its container, `keep` survives `down`, `protected` survives `destroy` too, until unprotected. */
export type VolumeLifecycle = "ephemeral" | "keep" | "protected";

const PROBE = { timeoutSeconds: 5, startIntervalMs: 200, intervalSeconds: 10, retries: 3 };

/**
 * A long-running workload with a probe, a network of its own for those who refer to it, and a volume where it has data.
 */
export class Service implements Dependency {
  /** Exists only once the probe has passed; checked again whenever the container is another one. */
  readonly ready: pulumi.Resource;
  readonly network: { id: pulumi.Output<string>; resource: pulumi.Resource };
  readonly container?: pulumi.Resource;
  /** What its data goes with: its volume's name in the engine, or its container's id. Nothing for a service that keeps none. */
  readonly data?: pulumi.Output<string>;

  /** @param component whose service this is: everything made here is its child. */
  constructor(name: string, component: pulumi.Resource, args: ServiceArgs) {
    const { platform } = args;
    const { engine } = platform;
    const own = { parent: component };
    const ports = args.ports ?? [];
    const uses = Object.values(args.uses ?? {});
    platform.declared.add(
      {
        name,
        kind: "service",
        type: component.constructor.name,
        network: name,
        hostPorts: ports.map(({ hostPort }) => hostPort),
        data: args.data !== undefined,
      },
      this,
      uses,
    );

    const volume = volumeOf(name, component, args);
    if (volume) this.data = volume.id;
    // While down too: then the next `up` finds nothing changed.
    for (const { hostPort } of ports) platform.ledger.publish(args.subject, hostPort);

    if (platform.rests(name)) {
      // What lasts is declared; what does not is gone until the next `up`.
      this.network = { id: pulumi.output(""), resource: component };
      this.ready = component;
      return;
    }

    const network = engine.network(
      name,
      {
        subnet: platform.subnet(name),
        access: "closed",
        labels: platform.labels(name, "network"),
      },
      own,
    );
    this.network = network;
    const reach = args.egress ? "open" : ports.length > 0 ? "reachable" : undefined;

    const pids = args.pids ?? 256;
    const wait = async (id: string, signal: AbortSignal) => {
      const took = await untilReady(engine.api, id, pids, {
        subject: args.subject,
        timeoutSeconds: args.readyTimeoutSeconds,
        mask: platform.secrets.mask,
        signal,
        saw: notesOf(name, await engine.api.clock()),
      });
      note({ service: name, tookMs: took });
    };
    if (args.cpus !== undefined) platform.check(enoughCpus(platform, args));
    const memory = new pulumi.ResourceHook(`memory-${name}`, () => warnOfMemory(platform, args), { onDryRun: true });
    const container: Running = engine.service(
      name,
      {
        service: name,
        image: args.image().id,
        ...(args.command ? { command: args.command } : {}),
        env: args.env ?? {},
        secrets: args.secrets ?? {},
        files: {},
        user: args.user,
        capabilities: args.capabilities ?? [],
        readOnlyRoot: args.readOnlyRoot ?? true,
        init: args.init ?? false,
        ...(args.hosts === undefined ? {} : { hosts: args.hosts }),
        tmpfs: { "/tmp": "mode=1777,size=64m", ...args.tmpfs },
        memoryMiB: args.memoryMiB,
        ...(args.cpus === undefined ? {} : { cpus: args.cpus }),
        ...(args.folders === undefined ? {} : { folders: args.folders }),
        ...(args.gpus === undefined ? {} : { gpus: args.gpus }),
        pids,
        ...(args.shmMiB === undefined ? {} : { shmMiB: args.shmMiB }),
        networks: [
          { id: network.id, aliases: [name] },
          ...outside(name, platform, reach, own).map(({ id }) => ({ id, aliases: [] })),
          ...uses.flatMap((each) => (each.network ? [{ id: each.network.id, aliases: [name] }] : [])),
        ],
        labels: platform.labels(name, "service"),
        ...(args.data ? { data: { path: args.data.path, ...(volume ? { volume: volume.id } : {}) } } : {}),
        mounts: args.mounts ?? [],
        published: ports.map((port) => ({ ...port, address: "127.0.0.1" })),
        probe: { ...PROBE, ...args.probe },
        stopGraceSeconds: args.stopGraceSeconds,
        readyTimeoutSeconds: args.readyTimeoutSeconds,
        allowed: platform.ledger.checked,
      },
      {
        ...own,
        deleteBeforeReplace: ports.length > 0 || args.data !== undefined,
        dependsOn: [...(volume || ports.length > 0 ? [platform.ledger.checked] : []), ...uses.map((each) => each.gate)],
        hooks: {
          beforeCreate: [
            new pulumi.ResourceHook(
              `guard-${name}`,
              () =>
                guard({
                  platform,
                  service: name,
                  subject: args.subject,
                  ports: ports.map(({ hostPort }) => hostPort),
                  ...(volume ? { volume: volume.id } : {}),
                  exclusive: ports.length > 0 || args.data !== undefined,
                  stopGraceSeconds: args.stopGraceSeconds,
                }),
              { onDryRun: true },
            ),
            memory,
          ],
          // A refresh finds a stopped container, and the update would start it in place, under the same id: no gate is passed
          // again for that. Before, not after: what an after-hook refuses is recorded all the same. What the update changes has
          // been carried out by then.
          beforeUpdate: [memory, async ({ id }) => wait(id ?? "", interrupted())],
        },
      },
    );
    this.container = container.resource;
    if (args.data && !volume) this.data = container.id;
    this.ready = gate(
      `${name}-ready`,
      // What is changed in place counts too: the container is the same one then.
      { container: container.id, memoryMiB: args.memoryMiB },
      async (signal) => wait(await valueOf(container.id), signal),
      { ...own, dependsOn: [container.resource] },
    );
    note({ service: name, kind: "service", waitsFor: platform.declared.named(uses).map((each) => each.name) });
  }

  get gate(): pulumi.Resource {
    return this.ready;
  }
}

function volumeOf(name: string, parent: pulumi.Resource, { platform, data }: ServiceArgs): Running | undefined {
  if (!data || data.lifecycle === "ephemeral") return undefined;
  const { major, firstStart = {} } = data;
  const mine = platform.labels(name, "data");
  const discard = discarded().has(name);
  const madeWith = { ...(major === undefined ? {} : { version: major }), ...firstStart };
  const volume = platform.engine.volume(
    `${name}-data`,
    {
      labels: Object.keys(madeWith).length === 0 ? mine : { ...mine, "stackyard.made-with": told(madeWith) },
      // What does not fit the data is refused: only who lets the data go gets another volume for it.
      replaceable: discard,
    },
    {
      parent,
      protect: data.lifecycle === "protected" && !discard,
      // The ledger is asked once the volume's name is known, that is when a replacement has been made: too late to refuse one.
      hooks: {
        beforeCreate: [
          new pulumi.ResourceHook(`volume-${name}`, async () => onlyOne(platform, name, mine), { onDryRun: true }),
        ],
      },
    },
  );
  platform.ledger.record(name, { volume: volume.id, ...(major === undefined ? {} : { major }), firstStart });
  return volume;
}

/** `version 17, database app`. */
const told = (facts: Record<string, pulumi.Input<string>>) =>
  (pulumi.output(facts) as pulumi.Output<Record<string, string>>).apply((all) =>
    Object.entries(all)
      .map(([what, value]) => `${what} ${value}`)
      .join(", "),
  );

/** @throws Error when there is one with data in it already. */
async function onlyOne(platform: Platform, name: string, labels: Record<string, string>): Promise<void> {
  if (discarded().has(name)) return;
  const { api } = platform.engine;
  for (const volume of await api.volumes(labels)) {
    if ((await api.volumeBytes(volume.name)) === 0) continue;
    // Its labels say the name under which it was made; another one may have it by now, which has that name as an alias.
    if ((platform.ledger.ownerOf(volume.name) ?? name) !== name) continue;
    throw new Error(`${name}: its data is in volume ${volume.name}; a new one would be empty. ${toDiscard(name)}`);
  }
}
