import { statSync } from "node:fs";
import { basename } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { instance, matching, parseArgs, seconds } from "../core/args.ts";
import { platform } from "../core/common.ts";
import type { Dependency } from "../core/dependency.ts";
import { serverImage } from "../core/image.ts";
import { Job } from "../core/job.ts";
import { POSTGRES_IMAGE, POSTGRES_USER, Postgres, pgpass } from "../databases/postgres.ts";
import { contents } from "./setup-job.ts";

const Args = z.strictObject({
  platform: platform(),
  /** The server to set up. */
  database: instance(Postgres, "a Postgres"),
  /** Extensions to create, if they are not there. @default [] */
  extensions: z.array(matching(/^[a-z][a-z0-9_-]{0,62}$/, "an extension's name"), "a list of extensions").default([]),
  /** SQL files, run in this order; each should be idempotent. @default [] */
  sql: z
    .array(
      z
        .string("a file's path")
        .refine((path) => statSync(path, { throwIfNoEntry: false })?.isFile(), "a file that is there"),
      "a list of files",
    )
    .default([]),
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
export class PostgresSetup extends pulumi.ComponentResource implements Dependency {
  /** Exists only once everything is there. */
  readonly done: pulumi.Resource;

  constructor(name: string, args: PostgresSetupArgs, opts?: pulumi.ComponentResourceOptions) {
    const { platform, database, extensions, sql, timeoutSeconds } = parseArgs(Args, "PostgresSetup", name, args);
    super("stackyard:jobs:PostgresSetup", name, {}, opts);
    const { connection } = database;
    // Numbered, because files of different folders may share a name.
    const files = Object.fromEntries(sql.map((path, at) => [`${at + 1}-${basename(path)}`, path]));
    const job = new Job(name, this, {
      platform,
      subject: `PostgresSetup "${name}"`,
      image: serverImage(platform, POSTGRES_IMAGE),
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
