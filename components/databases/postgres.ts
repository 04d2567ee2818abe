import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { count, identifier, parseArgs, secretValue } from "../core/args.ts";
import type { Connection } from "../core/connection.ts";
import { Database, databaseArgs } from "../core/database.ts";

/** The image, for those who bring its client: setup jobs. */
export const POSTGRES_IMAGE = { registry: "postgres:17", packages: "postgres" };
const MAJOR = "17";
const PORT = 5432;
const DATA_PATH = "/var/lib/postgresql/data";
/** The image's own user postgres. */
export const POSTGRES_USER = "999:999";
/** Where the server puts its socket and lock. */
const SOCKET_FOLDER = "/var/run/postgresql";

const Args = z.strictObject({
  ...databaseArgs({ memoryMiB: 512, readyTimeoutSeconds: 60, stopGraceSeconds: 60 }),
  /** Database, and the role that owns it; made on first start, fixed afterwards. @default "app" */
  database: identifier().default("app"),
  /** Password of that role. @default - a random one, made once */
  password: secretValue().optional(),
  /** Most connections at a time. @default 100 */
  maxConnections: count(1, 10_000).default(100),
});
export type PostgresArgs = z.input<typeof Args>;

/**
 * One PostgreSQL server: a service, a volume that outlives it, and one role.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the server's last log lines,
 * if no probe passes within `readyTimeoutSeconds`.
 * @example
 * const database = new Postgres("postgres", { platform });
 * new Api("api", { platform, uses: { database }, … });
 */
export class Postgres extends Database {
  /** `url` is secret: `postgresql://role:password@host:port/database`. */
  declare readonly connection: Connection;

  constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    const { database, password, maxConnections, ...rest } = parseArgs(Args, "Postgres", name, args);
    super("Postgres", name, rest, opts, {
      image: POSTGRES_IMAGE,
      port: PORT,
      command: ["postgres", "-c", `max_connections=${maxConnections}`],
      env: {
        POSTGRES_USER: database,
        POSTGRES_DB: database,
        POSTGRES_PASSWORD_FILE: "/run/secrets/password",
        // The probe's: libpq reads them, so that no password is in its arguments.
        PGPASSFILE: "/run/secrets/pgpass",
        PGCONNECT_TIMEOUT: "3",
      },
      user: POSTGRES_USER,
      tmpfs: { [SOCKET_FOLDER]: "uid=999,gid=999,mode=3777,size=16m" },
      data: { path: DATA_PATH, major: MAJOR, firstStart: { database } },
      probe: {
        // Over the network: the image trusts every connection from 127.0.0.1.
        test: [
          "CMD",
          "psql",
          "--no-psqlrc",
          "--host",
          name,
          "--username",
          database,
          "--dbname",
          database,
          "--command",
          "select 1",
        ],
      },
      credential: {
        name: "password",
        given: password,
        files: (secret) => ({ password: secret, pgpass: pgpass(secret) }),
      },
      connection: { scheme: "postgresql", user: database, database },
    });
  }
}

/** libpq's password file, for any server: https://www.postgresql.org/docs/17/libpq-pgpass.html */
export const pgpass = (secret: pulumi.Input<string>) =>
  pulumi.interpolate`*:*:*:*:${pulumi.output(secret).apply((text) => text.replace(/[\\:]/g, "\\$&"))}\n`;
