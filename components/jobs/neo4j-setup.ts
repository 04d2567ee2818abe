import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { files, instance, parseArgs, seconds } from "../core/args.ts";
import { platform } from "../core/common.ts";
import { contents, numbered } from "../core/content.ts";
import { Setup } from "../core/setup.ts";
import { NEO4J_IMAGE, NEO4J_TMPFS, NEO4J_USER, Neo4j } from "../databases/neo4j.ts";

const Args = z.strictObject({
  platform: platform(),
  /** The server to set up. */
  database: instance(Neo4j, "a Neo4j"),
  /** Cypher files, run in this order; each statement ends with `;` and should be idempotent (`IF NOT EXISTS`, `MERGE`). */
  cypher: files().min(1, "at least a file"),
  /** After how long it is ended, and has failed, in seconds. @default 300 */
  timeoutSeconds: seconds().default(300),
});
export type Neo4jSetupArgs = z.input<typeof Args>;

/**
 * Constraints, indexes and first data for one Neo4j server, from Cypher files. Each statement is a transaction of its own, since
 * Neo4j has schema and data in no common one: what failed half way is run again from its beginning.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the server's message, if a
 * statement does; the next `up` runs it again.
 * @example
 * const schema = new Neo4jSetup("graph-setup", { platform, database, cypher: ["constraints.cypher", "seed.cypher"] });
 */
export class Neo4jSetup extends Setup {
  constructor(name: string, args: Neo4jSetupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { database, cypher, ...rest } = parseArgs(Args, "Neo4jSetup", name, args);
    const { connection } = database;
    // :source takes no name with a space.
    const files = numbered(cypher, (name) => name.replace(/[^\w.-]/g, "_"));
    super("Neo4jSetup", name, opts, {
      ...rest,
      image: NEO4J_IMAGE,
      command: [
        "bash",
        "-c",
        // cypher-shell takes a password from its environment or its arguments, and those are in the process list.
        'NEO4J_PASSWORD=$(cat /run/secrets/password) exec cypher-shell "$@"',
        "cypher-shell",
        `--address=bolt://${connection.host}:${connection.port}`,
        `--username=${connection.user}`,
        "--format=plain",
        "--file=/run/files/all",
      ],
      // For the image's tini, which is not process 1 here and would say so.
      env: { TINI_SUBREAPER: "1" },
      secrets: { password: connection.password ?? "" },
      // One cypher-shell for all files: each one is another Java.
      files: {
        ...contents(files),
        all: Object.keys(files)
          .map((file) => `:source /run/files/${file}\n`)
          .join(""),
      },
      uses: { database },
      user: NEO4J_USER,
      tmpfs: NEO4J_TMPFS,
      memoryMiB: 384,
    });
  }
}
