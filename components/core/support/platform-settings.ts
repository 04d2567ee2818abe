import { z } from "zod";
import { SUBNET_POOL } from "../../engines/subnets.ts";
import { ArgsError, faultsOf, matching, subnetPool } from "./args.ts";

/** What can be set for a platform by configuration. */
export const PlatformSettings = z.strictObject({
  /** `dev`, or `prod`, which protects data. @default "dev" */
  environment: z.enum(["dev", "prod"]).default("dev"),
  /**
   * Where images come from: pulled from container registries, or built from package registries.
   * @default - decided at the first `up`, and kept: `registry` with a mirror, else what set-up has found, else `packages` if the
   * images built from package registries are on the engine
   */
  imageSource: z.enum(["registry", "packages"]).optional(),
  /** A container registry that serves the same repositories: `registry.example.com:5000`. @default - each image's own */
  imageMirror: matching(
    /^[a-z0-9][a-z0-9.-]*(:\d+)?(\/[a-z0-9._/-]+)?$/,
    "a registry's host, with port and path where it has them",
  ).optional(),
  /** The network that new networks take their subnets from, in CIDR notation. @default "10.213.0.0/16" */
  subnetPool: subnetPool().default(SUBNET_POOL),
});

/**
 * The settings of a platform, from all of its arguments.
 *
 * @throws ArgsError naming every bad option.
 */
export function platformSettings(args: z.input<typeof PlatformSettings>): z.output<typeof PlatformSettings> {
  const settings = Object.fromEntries(
    Object.keys(PlatformSettings.shape).map((key) => [key, args[key as keyof typeof args]]),
  );
  const { data, error } = PlatformSettings.safeParse(settings);
  if (!data) throw new ArgsError("Platform has bad arguments", faultsOf(error, settings));
  return data;
}
