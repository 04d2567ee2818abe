import type * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { files, instance, matching, parseArgs, seconds } from "../core/args.ts";
import { platform } from "../core/common.ts";
import { contents, numbered } from "../core/content.ts";
import { Setup } from "../core/setup.ts";
import { POSTGRES_USER, Postgres, pgpass } from "../databases/postgres.ts";

const Args = z.strictObject({
  platform: platform(),
  /** The server to set up. */
  database: instance(Postgres, "a Postgres"),
  /** Extensions to create, if they are not there. @default [] */
  extensions: z.array(matching(/^[a-z][a-z0-9_-]{0,62}$/, "an extension's name"), "a list of extensions").default([]),
  /** SQL files, run in this order; each should be idempotent. @default [] */
  sql: files().default([]),
  /** After how long it is ended, and has failed, in seconds. @default 300 */
  timeoutSeconds: seconds().default(300),
});
export type PostgresSetupArgs = z.input<typeof Args>;

/**
 * Extensions and SQL files for one PostgreSQL database, all in one transaction: either everything is there or nothing.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with psql's message, if a statement
 * does; the next `up` runs it again.
 * @example
 * const schema = new PostgresSetup("schema", { platform, database, extensions: ["pg_trgm"], sql: ["schema.sql"] });
 */
export class PostgresSetup extends Setup {
  constructor(name: string, args: PostgresSetupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { database, extensions, sql, ...rest } = parseArgs(Args, "PostgresSetup", name, args);
    const { connection } = database;
    const files = numbered(sql);
    super("PostgresSetup", name, opts, {
      ...rest,
      image: database.image,
      command: [
        "psql",
        "--no-psqlrc",
        "--set=ON_ERROR_STOP=1",
        "--single-transaction",
        `--host=${connection.host}`,
        `--username=${connection.user}`,
        `--dbname=${connection.database}`,
        ...extensions.map((extension) => `--command=create extension if not exists "${extension}"`),
        ...Object.keys(files).map((file) => `--file=/run/files/${file}`),
        // Without anything to do psql would wait for somebody to type.
        ...(extensions.length + sql.length === 0 ? ["--command=select 1"] : []),
      ],
      env: { PGPASSFILE: "/run/secrets/pgpass", PGCONNECT_TIMEOUT: "10" },
      secrets: { pgpass: pgpass(connection.password ?? "") },
      files: contents(files),
      uses: { database },
      user: POSTGRES_USER,
      memoryMiB: 128,
    });
  }
}
