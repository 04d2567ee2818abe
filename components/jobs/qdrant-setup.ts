import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { count, instance, matching, parseArgs, seconds } from "../core/args.ts";
import { platform } from "../core/common.ts";
import type { Dependency } from "../core/dependency.ts";
import { serverImage } from "../core/image.ts";
import { Job } from "../core/job.ts";
import { Qdrant } from "../databases/qdrant.ts";

/** The server's own image has no program that speaks HTTP. */
const IMAGE = { registry: "node:24-slim", packages: "node" };
/** Nobody in particular: it writes nothing. */
const USER = "65534:65534";
const PROGRAM = "qdrant-collections.mts";

const Args = z.strictObject({
  platform: platform(),
  /** The server to set up. */
  database: instance(Qdrant, "a Qdrant"),
  /** Collections to create, by name, if they are not there. @default {} */
  collections: z
    .record(
      matching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/, "1 to 128 of A-Z, a-z, 0-9, _ and -, a letter or digit first"),
      z.strictObject({
        /** Numbers per vector. */
        size: count(1, 65_536),
        /** How vectors are compared. @default "Cosine" */
        distance: z.enum(["Cosine", "Dot", "Euclid", "Manhattan"]).default("Cosine"),
      }),
    )
    .default({}),
  /** After how long it is ended, and has failed, in seconds. @default 300 */
  timeoutSeconds: seconds().default(300),
});
export type QdrantSetupArgs = z.input<typeof Args>;

/**
 * Collections of one Qdrant server. What is there is left as it is: one of another size or distance fails the job, and no
 * collection is ever deleted.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with each collection that is at
 * fault, if one cannot be made or is there with another size or distance; the next `up` runs it again.
 * @example
 * const collections = new QdrantSetup("collections", { platform, database, collections: { notes: { size: 384 } } });
 */
export class QdrantSetup extends pulumi.ComponentResource implements Dependency {
  /** Exists only once every collection is there. */
  readonly done: pulumi.Resource;

  constructor(name: string, args: QdrantSetupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, database, collections, timeoutSeconds } = parseArgs(Args, "QdrantSetup", name, args);
    super("stackyard:jobs:QdrantSetup", name, {}, opts);
    const { host, port, apiKey } = database.connection;
    const job = new Job(name, this, {
      platform,
      subject: `QdrantSetup "${name}"`,
      image: serverImage(platform, IMAGE),
      command: ["node", `/run/files/${PROGRAM}`, `http://${host}:${port}`],
      env: { API_KEY_FILE: "/run/secrets/api-key" },
      secrets: { "api-key": apiKey ?? "" },
      files: {
        [PROGRAM]: readFileSync(new URL(PROGRAM, import.meta.url), "utf8"),
        "collections.json": JSON.stringify(collections),
      },
      uses: { database },
      user: USER,
      timeoutSeconds,
      memoryMiB: 128,
    });
    this.done = job.done;
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.done;
  }
}
