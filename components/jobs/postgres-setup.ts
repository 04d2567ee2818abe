import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { type Connection, connection, factsOf } from "../core/connection.ts";
import type { Dependency } from "../core/dependency.ts";
import { password } from "../core/secret.ts";
import { Setup } from "../core/setup.ts";
import { identifier, instance, matching, parseArgs, readOf, seconds, sentence } from "../core/support/args.ts";
import { platform } from "../core/support/common.ts";
import { POSTGRES_USER, Postgres, pgpass, RESERVED_ROLES } from "../databases/postgres.ts";
import { handedOver, ownFiles, quoted, sqlFiles } from "./postgres-files.ts";
import { type Role, roleFiles, scramVerifier } from "./postgres-roles.ts";

/** Which are there already, beside the server's own. */
const DATABASES = ["postgres", "template0", "template1"];

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
    /** SQL files, run in this order in the server's own database; each should be idempotent. See `SqlFile`. @default [] */
    sql: sqlFiles().default([]),
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
      if (name === connection.user || RESERVED_ROLES.test(name))
        fault(
          sentence("The server has a role of that name, or keeps it for itself: call it otherwise."),
          "roles",
          name,
        );
      if (database !== own && !databases.includes(database)) fault("one of `databases`", "roles", name, "database");
      if (may !== "own") continue;
      if (owned.has(database))
        fault(sentence(`"${database}" has its owner, and can have only one: set another right.`), "roles", name, "may");
      owned.add(database);
    }
  });
export type PostgresSetupArgs = z.input<typeof Args>;

/**
 * Databases, roles, extensions and SQL files for one PostgreSQL server. Each file is run in a session and a transaction of its
 * own: either all that it does is there or nothing, and nothing that it sets is left for the next. Before them, in this order:
 * databases, roles with their rights, and extensions. A database or role that is named no more stays, with its password.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with psql's message, if a statement
 * does, or if a file ends its transaction; the next `up` runs it again.
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
    const { host, port, user = "", password: own = "", database = "", hostPort } = factsOf(server.connection);

    const roles: Record<string, Role> = Object.fromEntries(
      Object.entries(given).map(([role, { may, ...its }]) => [role, { database: its.database ?? database, may }]),
    );
    const secrets = Object.keys(roles).map(
      (role) => [role, password(`${name}-${role}-password`, rest.platform, { parent: server })] as const,
    );
    const some = secrets.length > 0;
    const handed = readOf(`PostgresSetup "${name}"`, "sql", () => handedOver(sql));
    const steps = [
      // No database can be made in a transaction, and none be left for another.
      ...(databases.length > 0 ? ["once --file=/run/files/databases"] : []),
      ...(some ? ["together --file=/run/files/roles"] : []),
      ...extensions.map((each) => `once ${quoted(`--command=create extension if not exists "${each}"`)}`),
      ...handed.steps,
      ...(some ? ["together --file=/run/files/grants"] : []),
      ...databases.map((each) => `together --dbname=${each} --file=/run/files/in-${each}`),
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
        pgpass: pgpass(own),
        ...Object.fromEntries(
          secrets.map(([role, secret]) => [`${role}.verifier`, secret.apply((text) => scramVerifier(text))]),
        ),
      },
      files: {
        ...ownFiles(steps),
        ...roleFiles(user, database, databases, roles),
        ...handed.files,
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
        const signIn = { user: role, password, database: roles[role]?.database ?? database };
        const from = connection({ scheme: "postgresql", host, port, hostPort, ...signIn }, [
          ...(network ? [network.resource] : []),
          this.done,
        ]);
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
