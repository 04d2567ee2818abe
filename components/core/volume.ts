import * as pulumi from "@pulumi/pulumi";
import type { Handle } from "../engines/engine.ts";
import { discarded, toDiscard } from "./ledger.ts";
import type { Platform } from "./platform.ts";
import type { LastingLifecycle, VolumeLifecycle } from "./support/lifecycle.ts";

/** A folder of a service whose content is in a volume that several have. */
export interface SharedVolumeArgs {
  /** By which it is told from others of its service. */
  label: string;
  shared: Handle;
  /** In the container. */
  path: string;
  readOnly: boolean;
  /** `uid:gid` of whom an empty one is given to. */
  owner: string;
}

/** A folder of a service whose content lasts, and what is remembered of it. */
export interface VolumeArgs {
  /** What it is called in the ledger: a database's, as the database is. */
  name: string;
  /** By which it is told from others of its service; nothing where it has one. */
  label?: string;
  /** In the container. */
  path: string;
  lifecycle: VolumeLifecycle;
  /** Major version of what writes it; another one over the same data is refused. */
  major?: string;
  /** `uid:gid` of whom it belongs to, where its image has no such folder. @default - root */
  owner?: string;
  /** What its data is first made with and cannot be changed later. */
  firstStart?: Record<string, pulumi.Input<string>>;
}

/** A volume of a service, or one that several have; nothing for an ephemeral one while its service does not run. */
export function volumeOf(
  service: string,
  parent: pulumi.Resource,
  platform: Platform,
  args: VolumeArgs | SharedVolumeArgs,
): Handle | undefined {
  if ("shared" in args) return args.shared;
  const { lifecycle, ...lasting } = args;
  const name = `${service}-${args.label ?? "data"}`;
  if (lifecycle !== "ephemeral") return lastingVolume(name, service, parent, platform, { ...lasting, lifecycle });
  if (!platform.runs(service)) return undefined;
  // Under a name of its own: what was ephemeral must not become what lasts, with the labels that it has.
  return platform.engine.volume(
    `${name}-ephemeral`,
    { labels: platform.labels(service, "ephemeral"), replaceable: true },
    { parent },
  );
}

/**
 * A volume that outlives its container, recorded in the ledger.
 *
 * @param service whose it is, by the name that `DISCARD` knows.
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
      // What does not fit the data is refused: only who lets the data go gets another volume for it.
      replaceable: discard,
    },
    {
      parent,
      protect: lifecycle === "protected" && !discard,
      // The ledger is asked once the volume's name is known, that is when a replacement has been made: too late to refuse one.
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

/** `version 17, database app`. */
const inWords = (facts: Record<string, pulumi.Input<string>>) =>
  (pulumi.output(facts) as pulumi.Output<Record<string, string>>).apply((all) =>
    Object.entries(all)
      .map(([what, value]) => `${what} ${value}`)
      .join(", "),
  );

/** @throws Error when there is one with data in it already. */
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
    // Its labels say the name under which it was made; another one may have it by now, which has that name as an alias.
    if ((ledger.ownerOf(key) ?? name) !== name) continue;
    throw new Error(`${name}: its data is in volume ${key}; a new one would be empty. ${toDiscard(service)}`);
  }
}
