import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { factsOf } from "../core/connection.ts";
import { NOBODY, Setup } from "../core/setup.ts";
import { count, instance, matching, parseArgs, seconds } from "../core/support/args.ts";
import { platform } from "../core/support/common.ts";
import { MC, Minio } from "../databases/minio.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html */
const bucketName = () =>
  matching(
    /^(?!.*(?:\.[.-]|-\.))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    "a bucket's name (3 to 63 of a-z, 0-9, - and single dots, a letter or digit first and last)",
  ).refine(
    (name) => name !== "minio" && !/^[\d.]+$/.test(name),
    'a bucket\'s name other than "minio", which the server keeps to itself, and than an IP address',
  );

const Bucket = z.strictObject({
  /** Whether overwritten and deleted objects are kept as older versions. @default false */
  versioning: z.boolean().default(false),
  /** After how many days an object goes, and an older version that many days after it became one. @default - never */
  expireAfterDays: count(1, 36_500).optional(),
  /** What those may do who have no credentials: nothing, or get and list objects. @default "none" */
  anonymous: z.enum(["none", "download"]).default("none"),
});

const Args = z.strictObject({
  platform: platform(),
  /** The server to set up. */
  storage: instance(Minio, "a Minio"),
  /** Buckets by name, each just as it is described here: life-cycle rules and policies from elsewhere are taken away. */
  buckets: z.record(bucketName(), Bucket).refine((all) => Object.keys(all).length > 0, "at least one bucket"),
  /** After how long it is ended, and has failed, in seconds. @default 120 */
  timeoutSeconds: seconds().default(120),
});
export type MinioSetupArgs = z.input<typeof Args>;

/**
 * Buckets of one MinIO server: made if they are not there, and set to what is said of them. A bucket that is said of no more
 * stays, with what is in it.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the message of `mc`, if one of its
 * commands does; the next `up` runs it again.
 * @example
 * const buckets = new MinioSetup("buckets", { platform, storage, buckets: { uploads: { expireAfterDays: 30 } } });
 */
export class MinioSetup extends Setup {
  constructor(name: string, args: MinioSetupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { storage, buckets, ...rest } = parseArgs(Args, "MinioSetup", name, args);
    super("MinioSetup", name, opts, {
      ...rest,
      image: storage.image,
      // The image's own takes every command for one of the server.
      entrypoint: ["sh", "-euc"],
      command: [Object.entries(buckets).flatMap(setUp).join("\n")],
      env: MC.env,
      secrets: MC.secrets(factsOf(storage.connection)),
      uses: { storage },
      user: NOBODY,
      memoryMiB: 128,
    });
  }
}

/** Commands for a shell; a bucket's name has nothing that it would not take literally. */
function setUp([name, { versioning, expireAfterDays, anonymous }]: [string, z.output<typeof Bucket>]): string[] {
  const bucket = `server/${name}`;
  return [
    `mc mb --ignore-existing ${bucket}`,
    // One that was never versioned cannot go back to that once it is suspended, so that is left alone.
    versioning
      ? `mc version enable ${bucket}`
      : `info=$(mc version info --json ${bucket})\ncase $info in *'"Enabled"'*) mc version suspend ${bucket} ;; esac`,
    // There is no rule to remove where there is none; should it be for another reason that it cannot be read, the next command fails.
    expireAfterDays === undefined
      ? `if mc ilm rule export ${bucket} >/dev/null 2>&1; then mc ilm rule rm --all --force ${bucket}; fi`
      : `printf %s '${JSON.stringify(expiry(expireAfterDays))}' | mc ilm rule import ${bucket}`,
    `mc anonymous set ${anonymous} ${bucket}`,
  ];
}

/** As `mc ilm rule import` reads it. All rules at once, because `mc ilm rule add` would add one with each run. */
const expiry = (days: number) => ({
  Rules: [
    {
      ID: "expire",
      Status: "Enabled",
      Filter: { Prefix: "" },
      Expiration: { Days: days },
      NoncurrentVersionExpiration: { NoncurrentDays: days },
    },
  ],
});
