import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { factsOf } from "../core/connection.ts";
import { Setup } from "../core/setup.ts";
import { count, instance, matching, parseArgs, seconds } from "../core/support/args.ts";
import { platform } from "../core/support/common.ts";
import { Qdrant } from "../databases/qdrant.ts";
import { nodeProgram } from "./node-program.ts";

const Args = z.strictObject({
  /** What the stack is built on. */
  platform: platform(),
  /** The server to set up. */
  database: instance(Qdrant, "a Qdrant"),
  /** Collections to create, by name, if they are missing. @default {} */
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
  /** How long it may run before it is ended and has failed, in seconds. @default 300 */
  timeoutSeconds: seconds().default(300),
});
export type QdrantSetupArgs = z.input<typeof Args>;

/**
 * Collections of one Qdrant server: created if they are missing. One that is there with another size or distance fails the job,
 * and no collection is ever changed or deleted.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, naming each collection that cannot be
 * created or has another size or distance; the next `up` runs it again.
 * @example
 * const collections = new QdrantSetup("collections", { platform, database, collections: { notes: { size: 384 } } });
 */
export class QdrantSetup extends Setup {
  constructor(name: string, args: QdrantSetupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { database, collections, ...rest } = parseArgs(Args, "QdrantSetup", name, args);
    const { host, port, apiKey } = factsOf(database.connection);
    super("QdrantSetup", name, opts, {
      ...rest,
      ...nodeProgram("qdrant-collections.mts", `http://${host}:${port}`, {
        "collections.json": JSON.stringify(collections),
      }),
      env: { API_KEY_FILE: "/run/secrets/api-key" },
      secrets: { "api-key": apiKey ?? "" },
      uses: { database },
    });
  }
}
