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

/** Strings, quoted names and comments that are closed, as cypher-shell recognises them. */
const CLOSED = /'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*"|`[^`]*`|\/\/[^\n]*|\/\*.*?\*\//gs;

/** Whether every comment in a file is closed: cypher-shell takes all that follows an open one for comment, without an error. */
const commentsEnd = (path: string) => !readFileSync(path, "utf8").replace(CLOSED, "").includes("/*");

const Args = z.strictObject({
  /** What the stack is built on. */
  platform: platform(),
  /** The server to set up. */
  database: instance(Neo4j, "a Neo4j"),
  /**
   * Cypher files in UTF-8, run in this order; each statement ends with `;` and should be idempotent (`IF NOT EXISTS`, `MERGE`).
   * A file may have its own transactions (`:begin`, `:commit`) and parameters (`:param`); none of them is left for the next file.
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
    .min(1, "at least one file"),
  /** How long it may run before it is ended and has failed, in seconds. @default 300 */
  timeoutSeconds: seconds().default(300),
});
export type Neo4jSetupArgs = z.input<typeof Args>;

/**
 * Constraints, indexes and first data for one Neo4j server, from Cypher files. Each statement is a transaction of its own unless
 * its file says otherwise, because Neo4j cannot change schema and data in the same one. After a failure half way, the next run
 * starts from the beginning.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the file's name and the server's
 * message, if a statement fails, or if a file leaves a transaction open, signs in as somebody else or ends cypher-shell; the next
 * `up` runs it again.
 * @example
 * const schema = new Neo4jSetup("graph-setup", { platform, database, cypher: ["constraints.cypher", "seed.cypher"] });
 */
export class Neo4jSetup extends Setup {
  constructor(name: string, args: Neo4jSetupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { database, cypher, ...rest } = parseArgs(Args, "Neo4jSetup", name, args);
    const connection = factsOf(database.connection);
    // :source accepts no name with a space.
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
      // The image's tini is not process 1 here, and would warn of that.
      env: { TINI_SUBREAPER: "1" },
      secrets: { password: connection.password ?? "" },
      files: {
        ...Object.fromEntries(
          Object.entries(contents(files)).map(([name, bytes]) => [name, withoutByteOrderMark(bytes)]),
        ),
        all: mainScript(files, connection.user ?? ""),
        "setup.sh": readFileSync(new URL("neo4j/setup.sh", import.meta.url)),
      },
      uses: { database },
      user: NEO4J_USER,
      tmpfs: NEO4J_TMPFS,
      memoryMiB: 384,
    });
  }
}

/** cypher-shell would take a byte-order mark for a part of the first statement. */
const withoutByteOrderMark = (bytes: Buffer) =>
  bytes.subarray(0, 3).equals(Buffer.from("\ufeff")) ? bytes.subarray(3) : bytes;

/**
 * The script of the one cypher-shell that runs all files. For each file it prints the name, for setup.sh, runs the file, and undoes
 * whatever it may have left. No command tells whether a transaction is open, but `:begin` fails in one. Signing in as somebody else
 * cannot be undone without the password: then the last statement fails, on a text that is no date, which setup.sh recognises.
 */
const mainScript = (files: Record<string, string>, user: string) =>
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
