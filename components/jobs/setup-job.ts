import { readFileSync, statSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { matching, mebibytes, parseArgs, seconds, variable } from "../core/args.ts";
import { platform } from "../core/common.ts";
import { type Dependency, toldOf, uses } from "../core/dependency.ts";
import { type ImageFacts, imageFacts, serverImage } from "../core/image.ts";
import { Job } from "../core/job.ts";

/** Files by the name they have in /run/files: paths on this machine, read when the program runs. */
export const files = () =>
  z
    .record(
      matching(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "a file name of letters, digits, dots, _ and -"),
      z
        .string("a file's path")
        .refine((path) => statSync(path, { throwIfNoEntry: false })?.isFile(), "a file that is there"),
    )
    .default({});

export const contents = (paths: Record<string, string>) =>
  Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, readFileSync(path, "utf8")]));

const Args = z.strictObject({
  platform: platform(),
  /** An image by its name in a container registry, or one with its like from package registries. */
  image: z.custom<string | ImageFacts>(
    (value) => (typeof value === "string" ? value !== "" : imageFacts().safeParse(value).success),
    "an image",
  ),
  /** Program and arguments. */
  command: z
    .array(z.string("a text").min(1, "a text that is not empty"), "a list of texts")
    .min(1, "at least a program"),
  /** Databases and jobs it needs, by the name under which it is told of them. @default {} */
  uses: uses(),
  /** Environment, nothing secret. @default {} */
  env: z.record(variable(), z.string("a text")).default({}),
  /** Files for /run/files, by name: paths on this machine. @default {} */
  files: files(),
  /** `uid:gid`. @default "65534:65534" */
  user: matching(/^\d+:\d+$/, "uid:gid in digits").default("65534:65534"),
  /** After how long it is ended, and has failed, in seconds. @default 300 */
  timeoutSeconds: seconds().default(300),
  /** Memory limit, in MiB. @default 256 */
  memoryMiB: mebibytes().default(256),
});
export type SetupJobArgs = z.input<typeof Args>;

/**
 * A command that runs once, and again only when its command, files, image or environment change, or the volume of a database
 * it refers to is a new one. It starts when what it refers to is ready; who refers to it starts when it has succeeded. It is
 * told of its references as an API is: `DATABASE_HOST`, `DATABASE_PORT`, `DATABASE_URL_FILE`.
 *
 * Make it idempotent: a machine that loses power in the middle of it runs it again.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with its last log lines and exit
 * code, if it fails or takes longer than `timeoutSeconds`; the next `up` runs it again.
 * @example
 * const seed = new SetupJob("seed", { platform, image: "alpine:3", command: ["sh", "/run/files/seed.sh"], files: { "seed.sh": "seed.sh" }, uses: { database } });
 */
export class SetupJob extends pulumi.ComponentResource implements Dependency {
  /** Exists only once the command has succeeded. */
  readonly done: pulumi.Resource;

  constructor(name: string, args: SetupJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const { image, files, env, uses: references, ...rest } = parseArgs(Args, "SetupJob", name, args);
    super("stackyard:jobs:SetupJob", name, {}, opts);
    const told = toldOf(references);
    const job = new Job(name, this, {
      ...rest,
      subject: `SetupJob "${name}"`,
      image: serverImage(rest.platform, typeof image === "string" ? { registry: image } : image),
      env: { ...told.env, ...told.fileEnv, ...env },
      secrets: told.files,
      files: contents(files),
      uses: references,
    });
    this.done = job.done;
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.done;
  }
}
