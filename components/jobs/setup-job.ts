import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { refuseTwice, toldOf, uses } from "../core/dependency.ts";
import { type ImageFacts, imageFacts } from "../core/image.ts";
import { NOBODY, Setup } from "../core/setup.ts";
import { file, matching, mebibytes, parseArgs, seconds, variable } from "../core/support/args.ts";
import { platform } from "../core/support/common.ts";
import { contents } from "../core/support/content.ts";

const Args = z
  .strictObject({
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
    /** Files for /run/files, by name: paths on this machine, read when the program runs. @default {} */
    files: z
      .record(matching(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "a file name of letters, digits, dots, _ and -"), file())
      .default({}),
    /** Whether it may reach beyond the networks of what it refers to. @default false */
    egress: z.boolean("true or false").default(false),
    /** `uid:gid`. @default "65534:65534" */
    user: matching(/^\d+:\d+$/, "uid:gid in digits").default(NOBODY),
    /** After how long it is ended, and has failed, in seconds. @default 300 */
    timeoutSeconds: seconds().default(300),
    /** Memory limit, in MiB. @default 256 */
    memoryMiB: mebibytes().default(256),
  })
  .superRefine(({ uses, env }, context) => refuseTwice(uses, { env }, context));
export type SetupJobArgs = z.input<typeof Args>;

/**
 * A command that runs once, and again only when its command, files, image or environment change, or the data of a database
 * it refers to is made anew: its volume, or the container of an `ephemeral` one. It starts when what it refers to is ready; who
 * refers to it starts when it has succeeded. It is told of its references as an API is: `DATABASE_HOST`, `DATABASE_PORT`,
 * `DATABASE_URL_FILE`. One without references, and without `egress`, has no network.
 *
 * Make it idempotent: a machine that loses power in the middle of it runs it again.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with its last log lines and exit
 * code, if it fails or takes longer than `timeoutSeconds`; the next `up` runs it again.
 * @example
 * const seed = new SetupJob("seed", { platform, image: "alpine:3", command: ["sh", "/run/files/seed.sh"], files: { "seed.sh": "seed.sh" }, uses: { database } });
 */
export class SetupJob extends Setup {
  constructor(name: string, args: SetupJobArgs, opts?: pulumi.ComponentResourceOptions) {
    const { image, files, env, uses: references, ...rest } = parseArgs(Args, "SetupJob", name, args);
    const told = toldOf(references);
    super("SetupJob", name, opts, {
      ...rest,
      image: typeof image === "string" ? { registry: image } : image,
      env: { ...told.env, ...told.fileEnv, ...env },
      secrets: told.files,
      files: contents(files),
      uses: references,
    });
  }
}
