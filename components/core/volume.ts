import * as pulumi from "@pulumi/pulumi";
import type { Handle, Workload } from "../engines/engine.ts";
import { discarded, toDiscard } from "./ledger.ts";
import type { Platform } from "./platform.ts";
import type { LastingLifecycle, VolumeLifecycle } from "./support/lifecycle.ts";

/** A folder of a service that is a volume which others mount too. */
export interface SharedVolumeArgs {
  /** Its name among the volumes of its service. */
  label: string;
  /** The volume. */
  shared: Handle;
  /** In the container. */
  path: string;
  /** Whether it can only be read there. */
  readOnly: boolean;
  /** Who owns it when it is new: `uid:gid`. @default - not this one's concern */
  owner?: string;
}

/** A folder of a service that is a volume of its own, and what is remembered of its data. */
export interface VolumeArgs {
  /** Its name in the ledger: for a database, the database's. */
  name: string;
  /** Its name among the volumes of its service; undefined where there is only one. */
  label?: string;
  /** In the container. */
  path: string;
  /** How long its data is kept. */
  lifecycle: VolumeLifecycle;
  /** Major version of the server that writes it; over the same data, another one is refused. */
  major?: string;
  /** Who owns it, where its image has no such folder: `uid:gid`. @default - root */
  owner?: string;
  /** Options that the data is created with, and that cannot change later. */
  firstStart?: Record<string, pulumi.Input<string>>;
}

/** A volume of a service, its own or shared; none for an ephemeral one while its service does not run. */
export function volumeOf(
  service: string,
  parent: pulumi.Resource,
  platform: Platform,
  args: VolumeArgs | SharedVolumeArgs,
): Partial<Pick<Workload["volumes"][number], "volume" | "fresh">> {
  if ("shared" in args) return { volume: args.shared };
  const { lifecycle, ...lasting } = args;
  const name = `${service}-${args.label ?? "data"}`;
  if (lifecycle !== "ephemeral")
    return { volume: lastingVolume(name, service, parent, platform, { ...lasting, lifecycle }) };
  if (!platform.runs(service)) return {};
  const fresh = platform.labels(service, "ephemeral");
  // Under another name than one that is kept, which must not take over this one with its labels.
  const volume = platform.engine.volume(`${name}-ephemeral`, { labels: fresh, replaceable: true }, { parent });
  return { volume, fresh };
}

/**
 * A volume that outlives its container, recorded in the ledger.
 *
 * @param service its owner, by the name that `DISCARD` takes.
 */
export function lastingVolume(
  resourceName: string,
  service: string,
  parent: pulumi.Resource,
  platform: Platform,
  {
    name,
    label,
    lifecycle,
    major,
    firstStart = {},
  }: Omit<VolumeArgs, "path" | "lifecycle"> & { lifecycle: LastingLifecycle },
): Handle {
  platform.ledger.names.take(name, service);
  const own = { ...platform.labels(service, "data"), ...(label === undefined ? {} : { "stackyard.volume": label }) };
  const discard = discarded().has(service);
  const madeWith = { ...(major === undefined ? {} : { version: major }), ...firstStart };
  const made = platform.engine.volume(
    resourceName,
    {
      labels: Object.keys(madeWith).length === 0 ? own : { ...own, "stackyard.made-with": inWords(madeWith) },
      // A change that does not fit the data is refused: another volume is made only where the data is discarded.
      replaceable: discard,
    },
    {
      parent,
      protect: lifecycle === "protected" && !discard,
      // The ledger checks once the name of the volume is known: when a replacement has been made, which is too late to refuse it.
      hooks: {
        beforeCreate: [
          new pulumi.ResourceHook(`${name}:volume`, async () => onlyOne(platform, name, service, own), {
            onDryRun: true,
          }),
        ],
      },
    },
  );
  platform.ledger.record(name, {
    volume: made.key,
    ...(service === name ? {} : { service }),
    ...(major === undefined ? {} : { major }),
    firstStart,
  });
  return made;
}

/**
 * A volume whose content can be made again: nothing asks before it is removed with its component. `down` leaves it.
 *
 * @param service its component.
 */
export const remadeVolume = (
  resourceName: string,
  service: string,
  parent: pulumi.Resource,
  platform: Platform,
): Handle =>
  platform.engine.volume(resourceName, { labels: platform.labels(service, "remade"), replaceable: true }, { parent });

/** `version 17, database app`. */
const inWords = (facts: Record<string, pulumi.Input<string>>) =>
  (pulumi.output(facts) as pulumi.Output<Record<string, string>>).apply((all) =>
    Object.entries(all)
      .map(([what, value]) => `${what} ${value}`)
      .join(", "),
  );

/** @throws Error when a volume with these labels has data already. */
async function onlyOne(
  platform: Platform,
  name: string,
  service: string,
  labels: Record<string, string>,
): Promise<void> {
  if (discarded().has(service)) return;
  const { engine, ledger } = platform;
  for (const key of await engine.volumes(labels)) {
    if (await engine.isEmpty(key)) continue;
    // Its labels have the name that it was made under. By now it may belong to a component that has that name as an alias.
    if ((ledger.ownerOf(key) ?? name) !== name) continue;
    throw new Error(`${name}: its data is in volume ${key}; a new one would be empty. ${toDiscard(service)}`);
  }
}
