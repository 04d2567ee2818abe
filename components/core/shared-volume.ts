import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Handle } from "../engines/engine.ts";
import { containerPath, instance, parseArgs, partName } from "./support/args.ts";
import { platform, user } from "./support/common.ts";
import { lastingVolume, type SharedVolumeArgs } from "./volume.ts";

const Args = z.strictObject({
  /** What the stack is built on. */
  platform: platform(),
  /** `keep`: until `make clean`; `protected`: until it is named there. @default - `keep` in dev, `protected` in prod */
  lifecycle: z.enum(["keep", "protected"]).optional(),
  /** Who owns it when it is new: `uid:gid`. @default - the user of the first container that mounts it */
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

  constructor(name: string, args: VolumeArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, lifecycle, owner } = parseArgs(Args, "Volume", name, args);
    platform.declared.reserve(name);
    super("stackyard:core:Volume", name, {}, opts);
    this.owner = owner;
    this.handle = lastingVolume(name, name, this, platform, { name, lifecycle: lifecycle ?? platform.lifecycle });
    this.registerOutputs({});
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

/** A shared volume in the form that a service or a job takes. */
export const shared = (
  label: string,
  { volume, ...at }: z.output<typeof SharedVolume>,
  user: string,
): SharedVolumeArgs => ({ ...at, label, shared: volume.handle, owner: volume.owner ?? user });
