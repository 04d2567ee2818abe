import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { connection, factsOf } from "../core/connection.ts";
import type { Dependency } from "../core/dependency.ts";
import { password } from "../core/secret.ts";
import { Setup } from "../core/setup.ts";
import { identifier, instance, matching, parseArgs, readOf, seconds, sentence } from "../core/support/args.ts";
import { platform } from "../core/support/common.ts";
import { Postgres, pgpass, RESERVED_ROLES } from "../databases/postgres.ts";
import { ownFiles, prepareSql, quoted, sqlFiles } from "./postgres-files.ts";
import { type Role, roleFiles, scramVerifier } from "./postgres-roles.ts";

/** Databases that every server has, beside its own. */
const DATABASES = ["postgres", "template0", "template1"];

const Args = z
  .strictObject({
    /** What the stack is built on. */
    platform: platform(),
    /** The server to set up. */
    database: instance(Postgres, "a Postgres"),
    /** Databases to create beside the server's own, if they are missing. @default [] */
    databases: z.array(identifier(), "a list of databases").default([]),
    /** Roles that may sign in, by name, each with a generated password; see `role`. @default {} */
    roles: z
      .record(
        identifier(),
        z.strictObject({
          /** The database that it signs in to. @default - the server's own */
          database: identifier().optional(),
          /**
           * What it may do in the schema `public` there, also with what is made later: nothing but what SQL files grant it, read
           * tables, or write their rows too. Or it owns one of `databases`, and makes the tables there. @default "read"
           */
          may: z.enum(["none", "read", "write", "own"]).default("read"),
        }),
      )
      .default({}),
    /** Extensions to create, if they are missing. @default [] */
    extensions: z.array(matching(/^[a-z][a-z0-9_-]{0,62}$/, "an extension's name"), "a list of extensions").default([]),
    /** SQL files, run in this order in the server's own database; each should be idempotent. See `SqlFile`. @default [] */
    sql: sqlFiles().default([]),
    /** How long it may run before it is ended and has failed, in seconds. @default 300 */
    timeoutSeconds: seconds().default(300),
  })
  .superRefine(({ database: { connection }, databases, roles }, { addIssue }) => {
    const own = connection.database ?? "";
    const fault = (message: string, ...path: (string | number)[]) => addIssue({ code: "custom", path, message });
    for (const [at, name] of databases.entries()) {
      if (name === own || DATABASES.includes(name))
        fault("a database that the server does not have already", "databases", at);
    }
    const owned = new Set([own]);
    for (const [name, { database = own, may }] of Object.entries(roles)) {
      if (name === connection.user || RESERVED_ROLES.test(name))
        fault(sentence("The server has a role of that name, or reserves it: choose another name."), "roles", name);
      if (database !== own && !databases.includes(database)) fault("one of `databases`", "roles", name, "database");
      if (may !== "own") continue;
      if (owned.has(database))
        fault(
          sentence(`"${database}" already has an owner, and can have only one: set another right.`),
          "roles",
          name,
          "may",
        );
      owned.add(database);
    }
  });
export type PostgresSetupArgs = z.input<typeof Args>;

/**
 * Databases, roles, extensions and SQL files for one PostgreSQL server. Each file is run in a session and a transaction of its
 * own: all that it does takes effect, or nothing, and none of its settings is left for the next. Databases, roles with their
 * rights, and extensions come before the files, in this order. A database or role that is no longer named stays, with its password.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with psql's message, if a statement
 * fails, or if a file ends its transaction; the next `up` runs it again.
 * @example
 * const schema = new PostgresSetup("schema", { platform, database, sql: ["schema.sql"], roles: { reports: { may: "read" } } });
 * new Api("reports", { platform, uses: { database: schema.role("reports") }, … });
 */
export class PostgresSetup extends Setup {
  readonly #name: string;
  readonly #roles: ReadonlyMap<string, Dependency & { connection: Postgres["connection"] }>;

  constructor(name: string, args: PostgresSetupArgs, opts?: pulumi.ComponentResourceOptions) {
    const parsed = parseArgs(Args, "PostgresSetup", name, args);
    const { database: server, databases, roles: given, extensions, sql, ...rest } = parsed;
    const { host, port, user = "", password: ownPassword = "", database = "", hostPort } = factsOf(server.connection);

    const roles: Record<string, Role> = Object.fromEntries(
      Object.entries(given).map(([role, { may, database: chosen = database }]) => [role, { database: chosen, may }]),
    );
    const secrets = Object.keys(roles).map(
      (role) => [role, password(`${name}-${role}-password`, rest.platform, { parent: server })] as const,
    );
    const hasRoles = secrets.length > 0;
    const prepared = readOf(`PostgresSetup "${name}"`, "sql", () => prepareSql(sql));
    const steps = [
      // A database cannot be made in a transaction, and a transaction cannot go on in another database.
      ...(databases.length > 0 ? ["session --file=/run/files/databases"] : []),
      ...(hasRoles ? ["transaction --file=/run/files/roles"] : []),
      ...extensions.map((each) => `session ${quoted(`--command=create extension if not exists "${each}"`)}`),
      ...prepared.steps,
      ...(hasRoles ? ["transaction --file=/run/files/grants"] : []),
      ...databases.map((each) => `transaction --dbname=${each} --file=/run/files/in-${each}`),
    ];
    super("PostgresSetup", name, opts, {
      ...rest,
      image: server.image,
      command: ["sh", "/run/files/setup.sh"],
      env: {
        PGHOST: host,
        PGUSER: user,
        PGDATABASE: database,
        PGPASSFILE: "/run/secrets/pgpass",
        PGCONNECT_TIMEOUT: "10",
      },
      secrets: {
        pgpass: pgpass(ownPassword),
        ...Object.fromEntries(
          secrets.map(([role, secret]) => [`${role}.verifier`, secret.apply((text) => scramVerifier(text))]),
        ),
      },
      files: {
        ...ownFiles(steps),
        ...roleFiles(user, database, databases, roles),
        ...prepared.files,
      },
      uses: { database: server },
      user: server.user,
      memoryMiB: 128,
    });
    this.#name = name;
    const { gate } = this;
    const { network, data } = server;
    this.#roles = new Map(
      secrets.map(([role, password]) => {
        const signIn = { user: role, password, database: roles[role]?.database ?? database };
        const roleConnection = connection({ scheme: "postgresql", host, port, hostPort, ...signIn }, [
          ...(network ? [network.resource] : []),
          this.done,
        ]) as Postgres["connection"];
        return [role, { gate, connection: roleConnection, network, ...(data ? { data } : {}) }];
      }),
    );
  }

  /**
   * The server as seen by one of `roles`: an application that refers to it signs in as that role, and starts when the job is done.
   *
   * @throws RunError when there is no such role.
   */
  role(name: string): Dependency & { connection: Postgres["connection"] } {
    const role = this.#roles.get(name);
    if (role) return role;
    const all = [...this.#roles.keys()].join(", ") || "none";
    throw new pulumi.RunError(
      `PostgresSetup "${this.#name}": should have the role "${name}", has ${all}. Name it in \`roles\`.`,
    );
  }
}
