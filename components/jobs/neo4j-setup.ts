import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { factsOf } from "../core/connection.ts";
import { Setup } from "../core/setup.ts";
import { file, instance, parseArgs, seconds } from "../core/support/args.ts";
import { platform } from "../core/support/common.ts";
import { contents, fromHere, numbered } from "../core/support/content.ts";
import { NEO4J_TMPFS, NEO4J_USER, Neo4j } from "../databases/neo4j.ts";

/** Strings, names and comments that end, as cypher-shell tells them apart. */
const CLOSED = /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"|`[^`]*`|\/\/[^\n]*|\/\*.*?\*\//gs;

/** Whether every comment in a file ends: cypher-shell takes all that follows an open one for a part of it, without a word. */
const commentsEnd = (path: string) => !readFileSync(path, "utf8").replace(CLOSED, "").includes("/*");

const Args = z.strictObject({
  platform: platform(),
  /** The server to set up. */
  database: instance(Neo4j, "a Neo4j"),
  /**
   * Cypher files in UTF-8, run in this order; each statement ends with `;` and should be idempotent (`IF NOT EXISTS`, `MERGE`).
   * A file may have transactions of its own (`:begin`, `:commit`), and parameters (`:param`); none is left for the next.
   */
  cypher: z
    .array(
      file()
        .refine((path) => isUtf8(readFileSync(path)), {
          error: "a file in UTF-8, because cypher-shell reads no other",
          abort: true,
        })
        .refine(commentsEnd, "a file in which every /* has its */"),
      "a list of files",
    )
    .min(1, "at least a file"),
  /** After how long it is ended, and has failed, in seconds. @default 300 */
  timeoutSeconds: seconds().default(300),
});
export type Neo4jSetupArgs = z.input<typeof Args>;

/**
 * Constraints, indexes and first data for one Neo4j server, from Cypher files. Each statement is a transaction of its own, unless
 * its file says otherwise, since Neo4j has schema and data in no common one: what failed half way is run again from its beginning.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the file's name and the server's
 * message, if a statement does, or if a file leaves a transaction open, signs in as somebody else or ends cypher-shell; the next
 * `up` runs it again.
 * @example
 * const schema = new Neo4jSetup("graph-setup", { platform, database, cypher: ["constraints.cypher", "seed.cypher"] });
 */
export class Neo4jSetup extends Setup {
  constructor(name: string, args: Neo4jSetupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { database, cypher, ...rest } = parseArgs(Args, "Neo4jSetup", name, args);
    const connection = factsOf(database.connection);
    // :source takes no name with a space.
    const files = numbered(cypher, (name) => name.replace(/[^\w.-]/g, "_"));
    super("Neo4jSetup", name, opts, {
      ...rest,
      image: database.image,
      command: [
        "bash",
        "/run/files/setup.sh",
        `--address=bolt://${connection.host}:${connection.port}`,
        `--username=${connection.user}`,
        "--format=plain",
      ],
      // For the image's tini, which is not process 1 here and would say so.
      env: { TINI_SUBREAPER: "1" },
      secrets: { password: connection.password ?? "" },
      files: {
        ...Object.fromEntries(Object.entries(contents(files)).map(([name, bytes]) => [name, withoutMark(bytes)])),
        all: allOf(files, connection.user ?? ""),
        "setup.sh": readFileSync(new URL("neo4j/setup.sh", import.meta.url)),
      },
      uses: { database },
      user: NEO4J_USER,
      tmpfs: NEO4J_TMPFS,
      memoryMiB: 384,
    });
  }
}

/** cypher-shell takes a byte-order mark for a part of the first statement. */
const withoutMark = (bytes: Buffer) => (bytes.subarray(0, 3).equals(Buffer.from("\ufeff")) ? bytes.subarray(3) : bytes);

/**
 * What one cypher-shell runs: each file, told by its name to setup.sh, and after it what takes back all that may be left of it.
 * Nothing asks whether a transaction is open, but none can be begun in one. Who signed in as somebody else is not taken back,
 * because that needs the password: a statement fails then, by a text that is no date, which setup.sh knows.
 */
const allOf = (files: Record<string, string>, user: string) =>
  [
    ...Object.entries(files).flatMap(([name, path]) => [
      `RETURN ${JSON.stringify(fromHere(path))} AS stackyard_file;`,
      `:source /run/files/${name}`,
      ":begin",
      ":rollback",
      ":impersonate",
      ":access-mode write",
      ":use neo4j",
      ":param clear",
      `SHOW CURRENT USER YIELD user WHERE user <> "${user}" RETURN date(user + " stackyard_user") AS stackyard_user;`,
    ]),
    'RETURN "" AS stackyard_file;',
    "",
  ].join("\n");
