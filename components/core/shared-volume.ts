import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Handle } from "../engines/engine.ts";
import { ArgsError, containerPath, instance, parseArgs, partName } from "./support/args.ts";
import { platform, user } from "./support/common.ts";
import { lastingVolume, type SharedVolumeArgs } from "./volume.ts";

const Args = z.strictObject({
  /** What the stack is built on. */
  platform: platform(),
  /** `keep`: until `make clean`; `protected`: until it is named there. @default - `keep` in dev, `protected` in prod */
  lifecycle: z.enum(["keep", "protected"]).optional(),
  /** Who owns it when it is new: `uid:gid`. @default - the user of those who write to it, who then have to be one and the same */
  owner: user().optional(),
});
export type VolumeArgs = z.input<typeof Args>;

/**
 * A volume that several containers and jobs mount, each at a path of its own. A volume of a single container needs no more than a
 * path in that container's `volumes`. Mounting it is no reference: whatever has to start after another one names that in `uses`.
 *
 * @throws ArgsError naming every bad argument, before anything is registered.
 * @example
 * const uploads = new Volume("uploads", { platform });
 * new Container("app", { platform, image: "app:1", volumes: { uploads: { path: "/srv/uploads", volume: uploads } }, probe: { http: "/" } });
 * new Container("files", {
 *   platform,
 *   image: "nginx:1.27",
 *   volumes: { uploads: { path: "/usr/share/nginx/html", volume: uploads, readOnly: true } },
 *   probe: { http: "/" },
 * });
 */
export class Volume extends pulumi.ComponentResource {
  readonly owner: string | undefined;
  readonly handle: Handle;
  #writer?: { subject: string; user: string };

  constructor(name: string, args: VolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, lifecycle, owner } = parseArgs(Args, "Volume", name, args);
    platform.declared.reserve(name);
    super("stackyard:core:Volume", name, {}, opts);
    this.owner = owner;
    this.handle = lastingVolume(name, name, this, platform, { name, lifecycle: lifecycle ?? platform.lifecycle });
    this.registerOutputs({});
  }

  /**
   * Who is to own it when it is new, for one of those who mount it; undefined for one who only reads.
   *
   * @throws ArgsError where another user writes to it already and nothing says who owns it: it would be whoever starts first.
   */
  ownerFor(subject: string, label: string, user: string, readOnly: boolean): string | undefined {
    if (this.owner !== undefined || readOnly) return this.owner;
    this.#writer ??= { subject, user };
    const first = this.#writer;
    if (first.user === user) return user;
    throw new ArgsError(`${subject} has bad arguments`, [
      `volumes.${label}: ${first.subject} writes to this volume as ${first.user}, and this one as ${user}. Give both the same \`user\`, ` +
        "set `readOnly: true` for one of them, or say in `owner` of the Volume whose it is.",
    ]);
  }
}

/** Where a container or a job mounts it. */
export const SharedVolume = z.strictObject({
  /** In the container. */
  path: containerPath(),
  /** The volume, which others can mount too. */
  volume: instance(Volume, "a Volume"),
  /** Whether it can only be read there. @default false */
  readOnly: z.boolean("true or false").default(false),
});

/** Shared volumes by name. */
export const sharedVolumes = () => z.record(partName(), SharedVolume).default({});

/** A shared volume in the form that a service or a job takes. @throws ArgsError as `ownerFor` does. */
export function shared(
  subject: string,
  label: string,
  { volume, ...at }: z.output<typeof SharedVolume>,
  user: string,
): SharedVolumeArgs {
  const owner = volume.ownerFor(subject, label, user, at.readOnly);
  return { ...at, label, shared: volume.handle, ...(owner === undefined ? {} : { owner }) };
}
