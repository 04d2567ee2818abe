import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import { count, hostPort, identifier, parseArgs, secretValue } from "../core/args.ts";
import { lifecycle, limits, platform } from "../core/common.ts";
import { type Connection, connection } from "../core/connection.ts";
import type { Dependency } from "../core/dependency.ts";
import { serverImage } from "../core/image.ts";
import { password } from "../core/secret.ts";
import { Service } from "../core/service.ts";

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
  platform: platform(),
  /** Database, and the role that owns it; made on first start, fixed afterwards. @default "app" */
  database: identifier().default("app"),
  /** Password of that role. @default - a random one, made once */
  password: secretValue().optional(),
  /** TCP port on the host's 127.0.0.1. @default - not published */
  hostPort: hostPort().optional(),
  /** Most connections at a time. @default 100 */
  maxConnections: count(1, 10_000).default(100),
  /** How long its data lasts. @default - `keep` in dev, `protected` in prod */
  lifecycle: lifecycle(),
  ...limits({ memoryMiB: 512, readyTimeoutSeconds: 60, stopGraceSeconds: 60 }),
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
export class Postgres extends pulumi.ComponentResource implements Dependency {
  /** `url` is secret: `postgresql://role:password@host:port/database`. */
  readonly connection: Connection;
  /** Exists only once the server answered a query over the network with the real password. */
  readonly ready: pulumi.Resource;
  readonly network: Service["network"];
  readonly data?: pulumi.Output<string>;

  constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    const {
      database,
      password: given,
      maxConnections,
      hostPort,
      lifecycle,
      ...rest
    } = parseArgs(Args, "Postgres", name, args);
    super("stackyard:databases:Postgres", name, {}, opts);
    const lasts = lifecycle ?? rest.platform.lifecycle;
    const secret = password(`${name}-password`, rest.platform, given, { parent: this, protect: lasts === "protected" });
    const service = new Service(name, this, {
      ...rest,
      subject: `Postgres "${name}"`,
      image: serverImage(rest.platform, POSTGRES_IMAGE),
      command: ["postgres", "-c", `max_connections=${maxConnections}`],
      env: {
        POSTGRES_USER: database,
        POSTGRES_DB: database,
        POSTGRES_PASSWORD_FILE: "/run/secrets/password",
        // The probe's: libpq reads them, so that no password is in its arguments.
        PGPASSFILE: "/run/secrets/pgpass",
        PGCONNECT_TIMEOUT: "3",
      },
      secrets: { password: secret, pgpass: pgpass(secret) },
      user: POSTGRES_USER,
      tmpfs: { [SOCKET_FOLDER]: "uid=999,gid=999,mode=3777,size=16m" },
      data: {
        path: DATA_PATH,
        lifecycle: lasts,
        major: MAJOR,
        firstStart: { database, password: given === undefined ? "a generated one" : "a given one" },
      },
      ports: hostPort === undefined ? [] : [{ hostPort, port: PORT }],
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
    });
    this.ready = service.ready;
    this.network = service.network;
    if (service.data) this.data = service.data;
    this.connection = connection({
      scheme: "postgresql",
      host: name,
      port: PORT,
      hostPort,
      user: database,
      password: secret,
      database,
    });
    this.registerOutputs({});
  }

  get gate(): pulumi.Resource {
    return this.ready;
  }
}

/** libpq's password file, for any server: https://www.postgresql.org/docs/17/libpq-pgpass.html */
export const pgpass = (secret: pulumi.Input<string>) =>
  pulumi.interpolate`*:*:*:*:${pulumi.output(secret).apply((text) => text.replace(/[\\:]/g, "\\$&"))}\n`;
