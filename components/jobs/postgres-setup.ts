import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { files, identifier, instance, matching, parseArgs, seconds } from "../core/args.ts";
import { platform } from "../core/common.ts";
import { type Connection, connection } from "../core/connection.ts";
import { contents, numbered } from "../core/content.ts";
import type { Dependency } from "../core/dependency.ts";
import { password } from "../core/secret.ts";
import { Setup } from "../core/setup.ts";
import { POSTGRES_USER, Postgres, pgpass } from "../databases/postgres.ts";
import { type Role, roleFiles, scramVerifier } from "./postgres-roles.ts";

/** Which are there already, beside the server's own. */
const DATABASES = ["postgres", "template0", "template1"];
/** Which roles cannot be called. */
const RESERVED = /^(pg_.*|public|none)$/;

const Args = z
  .strictObject({
    platform: platform(),
    /** The server to set up. */
    database: instance(Postgres, "a Postgres"),
    /** Databases to create beside the server's own, if they are not there. @default [] */
    databases: z.array(identifier(), "a list of databases").default([]),
    /** Roles that may sign in, by name, each with a password that is made for it; see `role`. @default {} */
    roles: z
      .record(
        identifier(),
        z.strictObject({
          /** The database that it signs in to. @default - the server's own */
          database: identifier().optional(),
          /**
           * What it may do there, in the schema `public`, also with what is made later: nothing but what SQL
           * files grant it, read tables, or write their rows too. Or own one of `databases`, and make its tables. @default "read"
           */
          may: z.enum(["none", "read", "write", "own"]).default("read"),
        }),
      )
      .default({}),
    /** Extensions to create, if they are not there. @default [] */
    extensions: z.array(matching(/^[a-z][a-z0-9_-]{0,62}$/, "an extension's name"), "a list of extensions").default([]),
    /** SQL files, run in this order in the server's own database; each should be idempotent. @default [] */
    sql: files().default([]),
    /** After how long it is ended, and has failed, in seconds. @default 300 */
    timeoutSeconds: seconds().default(300),
  })
  .superRefine(({ database: { connection }, databases, roles }, { addIssue }) => {
    const own = connection.database ?? "";
    const fault = (message: string, ...path: (string | number)[]) => addIssue({ code: "custom", path, message });
    for (const [at, name] of databases.entries()) {
      if (name === own || DATABASES.includes(name)) fault("another than those that are there already", "databases", at);
    }
    const owned = new Set([own]);
    for (const [name, { database = own, may }] of Object.entries(roles)) {
      if (name === connection.user || RESERVED.test(name))
        fault("called otherwise, because the server has it", "roles", name);
      if (database !== own && !databases.includes(database)) fault("one of `databases`", "roles", name, "database");
      if (may !== "own") continue;
      if (owned.has(database)) fault(`another, because "${database}" has its owner`, "roles", name, "may");
      owned.add(database);
    }
  });
export type PostgresSetupArgs = z.input<typeof Args>;

/**
 * Databases, roles, extensions and SQL files for one PostgreSQL server. All that is done in the server's own database is one
 * transaction: either everything is there or nothing. A database or role that is named no more stays, with its password.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with psql's message, if a statement
 * does; the next `up` runs it again.
 * @example
 * const schema = new PostgresSetup("schema", { platform, database, sql: ["schema.sql"], roles: { reports: { may: "read" } } });
 * new Api("reports", { platform, uses: { database: schema.role("reports") }, … });
 */
export class PostgresSetup extends Setup {
  readonly #name: string;
  readonly #roles: ReadonlyMap<string, Dependency & { connection: Connection }>;

  constructor(name: string, args: PostgresSetupArgs, opts?: pulumi.ComponentResourceOptions) {
    const parsed = parseArgs(Args, "PostgresSetup", name, args);
    const { database: server, databases, roles: given, extensions, sql, ...rest } = parsed;
    const { host, port, user = "", password: own = "", database = "", fromHost } = server.connection;

    const roles: Record<string, Role> = Object.fromEntries(
      Object.entries(given).map(([role, { may, ...its }]) => [role, { database: its.database ?? database, may }]),
    );
    const secrets = Object.keys(roles).map(
      (role) => [role, password(`${name}-${role}-password`, rest.platform, { parent: server })] as const,
    );
    const some = secrets.length > 0;
    const sqlFiles = numbered(sql);

    const at = [`--host=${host}`, `--username=${user}`];
    const psql = (database: string, ...flags: string[]) => [
      "psql",
      "--no-psqlrc",
      "--set=ON_ERROR_STOP=1",
      ...flags,
      ...at,
      `--dbname=${database}`,
    ];
    const steps = [
      ...(some ? ["--file=/run/files/roles"] : []),
      ...extensions.map((extension) => `--command=create extension if not exists "${extension}"`),
      ...Object.keys(sqlFiles).map((file) => `--file=/run/files/${file}`),
      ...(some ? ["--file=/run/files/grants"] : []),
    ];
    // Without anything to do psql would wait for somebody to type.
    const main = [...psql(database, "--single-transaction"), ...(steps.length > 0 ? steps : ["--command=select 1"])];
    // No database can be made in a transaction, and none be left for another.
    const around = [
      [...psql(database), "--file=/run/files/databases"],
      ['"$@"'],
      ...databases.map((each) => [...psql(each, "--single-transaction"), `--file=/run/files/in-${each}`]),
    ];
    super("PostgresSetup", name, opts, {
      ...rest,
      image: server.image,
      command:
        databases.length === 0 ? main : ["sh", "-euc", around.map((line) => line.join(" ")).join("\n"), "sh", ...main],
      env: { PGPASSFILE: "/run/secrets/pgpass", PGCONNECT_TIMEOUT: "10" },
      secrets: {
        pgpass: pgpass(own),
        ...Object.fromEntries(
          secrets.map(([role, secret]) => [`${role}.verifier`, secret.apply((text) => scramVerifier(text))]),
        ),
      },
      files: {
        ...contents(sqlFiles),
        ...roleFiles(user, database, databases, roles),
      },
      uses: { database: server },
      user: POSTGRES_USER,
      memoryMiB: 128,
    });
    this.#name = name;
    const { gate } = this;
    const { network, data } = server;
    this.#roles = new Map(
      secrets.map(([role, password]) => {
        const its = { user: role, password, database: roles[role]?.database ?? database };
        const from = connection({ scheme: "postgresql", host, port, hostPort: fromHost?.port, ...its });
        return [role, { gate, connection: from, network, ...(data ? { data } : {}) }];
      }),
    );
  }

  /**
   * The server, for who signs in as one of `roles`: an application that refers to it starts when the job is done.
   *
   * @throws RunError when there is no such role.
   */
  role(name: string): Dependency & { connection: Connection } {
    const role = this.#roles.get(name);
    if (role) return role;
    const all = [...this.#roles.keys()].join(", ") || "none";
    throw new pulumi.RunError(
      `PostgresSetup "${this.#name}": should have the role "${name}", has ${all}. Name it in \`roles\`.`,
    );
  }
}
