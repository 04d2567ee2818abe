import * as pulumi from "@pulumi/pulumi";
import { commandLine } from "../engines/command-line.ts";
import { Names } from "../engines/names.ts";
import { fromItself, type HostPort, inUrl, LOOPBACK, overlap } from "../engines/ports.ts";

/** What is remembered of one volume, so that no server starts over data that does not fit it. */
export interface VolumeRecord {
  /** The volume's name in the engine. */
  volume: pulumi.Input<string>;
  /** Its service, by the name that `DISCARD` takes; undefined where that is its own name. */
  service?: string | undefined;
  /** Major version of the server that wrote it. */
  major?: string | undefined;
  /** Options that the data was created with: a later change of them has no effect on it. */
  firstStart: Record<string, pulumi.Input<string>>;
}

interface Entries {
  volumes: Record<string, { volume: unknown; service?: string; major?: string; firstStart: Record<string, string> }>;
  /** The service that is published, by port of the host (`6379`, `53/udp`, `192.0.2.1:80`): `Redis "cache"`. */
  ports: Record<string, string>;
}

/** Names the volumes whose data may be lost: `STACKYARD_DISCARD=postgres,redis`; the verbs set it. */
export const DISCARD = "STACKYARD_DISCARD";

/**
 * What this Pulumi stack remembers of its volumes and of its ports on the host. Services with either depend on it. So a change
 * that would lose data, start a server over data that does not fit it, or take a port of something else is refused by preview and
 * `up` alike, before a running container is stopped for its successor.
 */
export class Ledger {
  /** Whatever uses a volume or a port depends on this. */
  readonly checked: pulumi.Resource;
  readonly #volumes: Record<string, VolumeRecord> = {};
  readonly #ports = new Map<string, { port: HostPort; subject: string }>();
  readonly #known = new Map<string, string>();
  /** Names that volumes are remembered by. Each is taken before anything of its volume is made. */
  readonly names = new Names("volume");

  /**
   * @param complete settles once everything has been declared.
   * @param free throws if something has the port.
   */
  constructor(
    complete: Promise<void>,
    free: (port: HostPort, subject: string) => Promise<void>,
    opts: pulumi.CustomResourceOptions,
  ) {
    this.checked = new pulumi.Stash(
      "ledger",
      { input: complete.then(() => ({ volumes: this.#volumes, ports: this.#subjects() })) },
      {
        ...opts,
        hooks: {
          beforeUpdate: [
            new pulumi.ResourceHook(
              "platform:ledger",
              async ({ oldInputs, newInputs }) => {
                const [before, after] = [await entries(oldInputs), await entries(newInputs)];
                const faults = refusals(before, after, discarded());
                const added = [...this.#ports].filter(([key]) => !(key in before.ports));
                const taken = await Promise.allSettled(added.map(([, { port, subject }]) => free(port, subject)));
                faults.push(
                  ...taken.flatMap((each) => (each.status === "rejected" ? [(each.reason as Error).message] : [])),
                );
                if (faults.length > 0) throw new Error(faults.join("\n"));
              },
              { onDryRun: true },
            ),
          ],
        },
      },
    );
  }

  record(name: string, record: VolumeRecord): void {
    this.#volumes[name] = record;
    pulumi.output(record.volume).apply((volume) => this.#known.set(volume, name));
  }

  /** The name that a volume of the engine is remembered by, if that is known by now. */
  ownerOf(volume: string): string | undefined {
    return this.#known.get(volume);
  }

  /** Notes a port on the host. @throws RunError when another service has it already. */
  publish(subject: string, port: HostPort): void {
    const other = [...this.#ports.values()].find((each) => overlap(each.port, port))?.subject;
    if (other !== undefined) {
      const by = other === subject ? "by it, twice" : `by ${other} and by it`;
      throw new pulumi.RunError(
        `${subject}: hostPort ${keyOf({ ...port, address: LOOPBACK })} is asked for ${by}: a port of the host leads to one place only. ` +
          "Set another one.",
      );
    }
    this.#ports.set(keyOf(port), { port, subject });
  }

  #subjects(): Entries["ports"] {
    return Object.fromEntries([...this.#ports].map(([key, { subject }]) => [key, subject]));
  }
}

/** Without an address for loopback and for all addresses, as only one of these two can have a port. */
const keyOf = ({ hostPort, protocol, address }: HostPort) =>
  `${fromItself(address) === LOOPBACK ? "" : `${inUrl(address)}:`}${hostPort}${protocol === "tcp" ? "" : `/${protocol}`}`;

/** How to allow that the data of a service is lost. */
export const toDiscard = (name: string) =>
  `To lose its data on purpose: ${commandLine("…", `DISCARD=${name}`)} (${DISCARD}=${name} for plain pulumi).`;

export function discarded(): Set<string> {
  return new Set((process.env[DISCARD] ?? "").split(",").filter((name) => name !== ""));
}

/** In the inputs that a hook gets, a part that is secret is an output. */
async function entries(inputs: unknown): Promise<Entries> {
  const { input } = inputs as { input: pulumi.Input<Entries> };
  if (!pulumi.Output.isInstance(input)) return input as Entries;
  return new Promise((resolve) => input.apply((value) => resolve(value as Entries)));
}

/** Messages about changes that have to be refused, each with what to do. A volume that a preview does not know yet is new. */
export function refusals(
  { volumes: before }: Pick<Entries, "volumes">,
  { volumes: after }: Pick<Entries, "volumes">,
  discard: ReadonlySet<string>,
): string[] {
  return Object.entries(before).flatMap(([recorded, old]) => {
    // By its volume: a component that was renamed, with its old name as an alias, has the same one.
    const same = Object.entries(after).find(([, { volume }]) => volume === old.volume);
    const [name, now] = same ?? [recorded, after[recorded]];
    const service = now?.service ?? old.service ?? name;
    if (discard.has(service)) return [];
    const allow = toDiscard(service);
    if (!now) {
      return [`${name}: this change would delete its volume ${String(old.volume)} and all data in it. ${allow}`];
    }
    if (now.volume !== old.volume) {
      return [
        `${name}: its volume ${String(old.volume)} is no longer there, or is to be replaced; a new one would be empty. ` +
          `If it can be brought back (a backup, another engine), do that first. ${allow}`,
      ];
    }
    const faults: string[] = [];
    if (old.major !== now.major) {
      faults.push(
        `${name}: its data was written by version ${old.major}, which version ${now.major} does not read. ` +
          `Keep ${old.major}; or dump with ${old.major} and load into a new database. ${allow}`,
      );
    }
    for (const [key, value] of Object.entries(old.firstStart)) {
      // Options that its component does not fix may change.
      if (!(key in now.firstStart) || now.firstStart[key] === value) continue;
      faults.push(
        `${name}: ${key} should be ${value}, got ${now.firstStart[key]}: its data was first made so, and what is there cannot ` +
          `be made otherwise. Keep it; or load a dump into a new database. ${allow}`,
      );
    }
    return faults;
  });
}
