import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { uses } from "../core/dependency.ts";
import { env, environmentOf, refuseDuplicates, secrets, withoutSecrets } from "../core/environment.ts";
import { imageOrBuild, refuseImageAndBuild } from "../core/image.ts";
import { hidden } from "../core/secret.ts";
import { NOBODY, Setup } from "../core/setup.ts";
import { shared, sharedVolumes } from "../core/shared-volume.ts";
import { containerPath, file, matching, mebibytes, parseArgs, seconds, sentence } from "../core/support/args.ts";
import { platform, user } from "../core/support/common.ts";
import { contents } from "../core/support/content.ts";
import { commandWords, refuseNoProgram } from "../core/support/program.ts";
import {
  FILES_TARGET,
  memoryTargets,
  mountTarget,
  refuseClashes,
  secretTargets,
  type Target,
} from "../core/targets.ts";

/** What a job takes that runs a command of its own. */
export const Args = z
  .strictObject({
    /** What the stack is built on. */
    platform: platform(),
    ...imageOrBuild,
    /** Program and arguments. @default - the image's own */
    command: commandWords().optional(),
    /** What runs the command; an empty list is nothing, so that the command is the program. @default - the image's own */
    entrypoint: commandWords().optional(),
    /** Databases and jobs that it needs, each by the name that its variables begin with. @default {} */
    uses: uses(),
    /**
     * Environment without secrets: texts, numbers, true or false, or outputs of other components, which are then references as
     * in `uses`. @default {}
     */
    env: env(),
    /** Secrets from elsewhere, by the variable's name; another secret in a file does not run the job again. @default {} */
    secrets: secrets(),
    /** How it gets secrets: as files (`DATABASE_URL_FILE`), or in its environment (`DATABASE_URL`). @default "files" */
    credentials: z.enum(["files", "environment"]).default("files"),
    /** Files for /run/files, by name: paths on this machine, read when the program runs. @default {} */
    files: z
      .record(matching(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "a file name of letters, digits, dots, _ and -"), file())
      .default({}),
    /** By its path on this machine, each folder's path in the container, to read. Other content does not run the job again. @default {} */
    mounts: z
      .record(
        z.string().refine((path) => existsSync(path), "a path of this machine that is there"),
        containerPath(),
      )
      .default({}),
    /** Volumes that others have as well, by name: `{ path, volume, readOnly }`. @default {} */
    volumes: sharedVolumes(),
    /** The folder that the program starts in. @default - the image's own */
    workingDir: containerPath().optional(),
    /** Whether it can write to nothing but /tmp. @default true */
    readOnlyRoot: z.boolean("true or false").default(true),
    /** Whether it may reach beyond the networks of what it refers to. @default false */
    egress: z.boolean("true or false").default(false),
    /** `uid:gid` that it runs as. @default "65534:65534" */
    user: user().default(NOBODY),
    /** How long it may run before it is ended and has failed, in seconds. @default 300 */
    timeoutSeconds: seconds().default(300),
    /** Memory limit, in MiB. @default 256 */
    memoryMiB: mebibytes().default(256),
  })
  .superRefine((args, context) => {
    refuseImageAndBuild(args, context);
    refuseNoProgram(args, context);
    // Without public addresses: they are for browsers, and another port on the host is no reason to run a job again.
    refuseDuplicates(args.uses, { ...args, published: false }, context);
    if (!args.platform.engine.local && Object.keys(args.mounts).length > 0) {
      const message = sentence(
        "The engine is on another machine, which does not have this one's folders: use `files`, or build an image that has them.",
      );
      context.addIssue({ code: "custom", path: ["mounts"], message });
    }
  });
export type SetupJobArgs = z.input<typeof Args>;

/**
 * A command that runs once, and again only when its command, files, image or environment change, or when the data of a database
 * that it refers to is made anew: its volume, or the container of an `ephemeral` one. It starts when what it refers to is ready,
 * and what refers to it starts when it has succeeded. It gets its references as an `Api` does: `DATABASE_HOST`, `DATABASE_PORT`,
 * `DATABASE_URL_FILE`. Without references and without `egress` it has no network.
 *
 * Make it idempotent: a machine that loses power in the middle of it runs it again.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with its last log lines and exit
 * code, if it fails or takes longer than `timeoutSeconds`; the next `up` runs it again.
 * @example
 * const seed = new SetupJob("seed", { platform, image: "alpine:3", command: ["sh", "/run/files/seed.sh"], files: { "seed.sh": "seed.sh" }, uses: { database } });
 */
export class SetupJob extends Setup {
  /** @param kind the class that extends it, for its type and for messages. */
  constructor(name: string, args: SetupJobArgs, opts?: pulumi.ComponentResourceOptions, kind = "SetupJob") {
    const parsed = parseArgs(Args, kind, name, args);
    const { image, build, files, env, uses: references, secrets, credentials, mounts, volumes, ...rest } = parsed;
    const subject = `${kind} "${name}"`;
    const environment = environmentOf(references, { secrets, credentials, published: false });
    const folders: Target[] = [
      ...Object.entries(volumes).map(([label, { path, readOnly }]) => ({ option: `volumes.${label}`, path, readOnly })),
      ...Object.entries(mounts).map(([source, path]) =>
        mountTarget(`mounts.${source}`, { source, path, readOnly: true }, rest.platform.engine.local),
      ),
    ];
    refuseClashes(subject, [
      ...(Object.keys(files).length > 0 ? [FILES_TARGET] : []),
      ...folders,
      ...memoryTargets(rest.readOnlyRoot, [], folders),
      ...secretTargets(Object.keys(environment.secretFolders), secrets, { put: true }),
    ]);
    for (const secret of environment.hidden) hidden(rest.platform, secret);
    super(kind, name, opts, {
      ...rest,
      image: image ?? { name: `${name}-image`, subject, build: build as NonNullable<typeof build> },
      env: { ...environment.env, ...withoutSecrets(subject, env, rest.platform) },
      secretFolders: environment.secretFolders,
      files: contents(files),
      mounts: Object.entries(mounts).map(([source, path]) => ({ source: resolve(source), path, readOnly: true })),
      volumes: Object.entries(volumes).map(([label, each]) => shared(subject, label, each, rest.user)),
      uses: references,
    });
  }
}
