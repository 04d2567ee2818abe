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
  /** After how many days an object is deleted; an older version, that many days after it was replaced. @default - never */
  expireAfterDays: count(1, 36_500).optional(),
  /** What anybody may do without credentials: nothing, or get and list objects. @default "none" */
  anonymous: z.enum(["none", "download"]).default("none"),
});

const Args = z.strictObject({
  /** What the stack is built on. */
  platform: platform(),
  /** The server to set up. */
  storage: instance(Minio, "a Minio"),
  /** Buckets by name. Each is set to exactly what is given here: life-cycle rules and policies from elsewhere are removed. */
  buckets: z.record(bucketName(), Bucket).refine((all) => Object.keys(all).length > 0, "at least one bucket"),
  /** How long it may run before it is ended and has failed, in seconds. @default 120 */
  timeoutSeconds: seconds().default(120),
});
export type MinioSetupArgs = z.input<typeof Args>;

/**
 * Buckets of one MinIO server: created if they are missing, and set to what is given. A bucket that is no longer given stays, with
 * what is in it.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the message of `mc`, if one of its
 * commands fails; the next `up` runs it again.
 * @example
 * const buckets = new MinioSetup("buckets", { platform, storage, buckets: { uploads: { expireAfterDays: 30 } } });
 */
export class MinioSetup extends Setup {
  constructor(name: string, args: MinioSetupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { storage, buckets, ...rest } = parseArgs(Args, "MinioSetup", name, args);
    super("MinioSetup", name, opts, {
      ...rest,
      image: storage.image,
      // The image's own entrypoint takes every command for one of the server's.
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

/** Commands for a shell, to which no character of a bucket's name is special. */
function setUp([name, { versioning, expireAfterDays, anonymous }]: [string, z.output<typeof Bucket>]): string[] {
  const bucket = `server/${name}`;
  return [
    `mc mb --ignore-existing ${bucket}`,
    // A bucket that was never versioned is left alone: once suspended, it could not go back to that.
    versioning
      ? `mc version enable ${bucket}`
      : `info=$(mc version info --json ${bucket})\ncase $info in *'"Enabled"'*) mc version suspend ${bucket} ;; esac`,
    // Where `export` fails there is no rule to remove; if it fails for another reason, so does the next command.
    expireAfterDays === undefined
      ? `if mc ilm rule export ${bucket} >/dev/null 2>&1; then mc ilm rule rm --all --force ${bucket}; fi`
      : `printf %s '${JSON.stringify(expiry(expireAfterDays))}' | mc ilm rule import ${bucket}`,
    `mc anonymous set ${anonymous} ${bucket}`,
  ];
}

/** All life-cycle rules, for `mc ilm rule import`, because `mc ilm rule add` would add one with each run. */
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
