import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ConnectionWith } from "../core/connection.ts";
import { Database, databaseArgs, databaseSettings, fixedUser } from "../core/database.ts";
import { type ImageFacts, refuseTwoImages } from "../core/image.ts";
import { decidedBy, serverSettings } from "../core/server-settings.ts";
import { count, identifier, mebibytes, parseArgs, secretValue, sentence } from "../core/support/args.ts";
import { user } from "../core/support/common.ts";

const Version = z.enum(["16", "17", "18"]);
type Version = z.output<typeof Version>;
/** Images, and the paths of their volumes: from 18 on, with a folder for each version in it. Debian has packages of 17 only. */
const VERSIONS: Record<Version, { image: ImageFacts; dataPath: string }> = {
  16: { image: { registry: "postgres:16" }, dataPath: "/var/lib/postgresql/data" },
  17: { image: { registry: "postgres:17", packages: "postgres" }, dataPath: "/var/lib/postgresql/data" },
  18: { image: { registry: "postgres:18" }, dataPath: "/var/lib/postgresql" },
};
const PORT = 5432;
/** The image's own user postgres. */
const POSTGRES_USER = "999:999";
/** Where the server puts its socket and lock. */
const SOCKET_FOLDER = "/var/run/postgresql";
/** PostgreSQL's own defaults, and the memory that is enough for them. */
const DEFAULT = { connections: 100, sharedBuffersMiB: 128, memoryMiB: 512 };
/** Processes beside one for each connection: the server's own, its workers, and probes. */
const OTHER_PIDS = 156;
/** Those that a server with default settings has. */
const LEAST_OTHER_PIDS = 32;
/** Memory of a connection: somewhat more than one with few queries takes (1.6 MiB, measured, with the kernel's share). */
const CONNECTION_MIB = 2;
/** Memory of the server beside connections and cache. */
const ROOM_MIB = 24;
/**
 * Parallel queries and builds of indexes share memory in /dev/shm. It counts towards `memoryMiB`, which is the only limit, because
 * that can be changed while the server runs, and the size of /dev/shm cannot.
 */
const SHM_MIB = 1024 * 1024;
/**
 * Starts the server by its image's entry point. Repeats a first start that was cut short, and sets a changed password, which that
 * entry point would read only once.
 */
const START = readFileSync(new URL("postgres-start.sh", import.meta.url), "utf8");

/** PostgreSQL would take a password that looks like a hash for the hash of one. */
const PASSWORD = /^(?!md5[0-9a-f]{32}$|SCRAM-SHA-256\$\d+:\S+\$\S+:\S+$)\P{Cc}+$/u;

/** Names that no role can have. https://www.postgresql.org/docs/17/sql-createrole.html */
export const RESERVED_ROLES = /^(pg_.*|public|none)$/;
/** The server's own templates for databases. */
const TEMPLATES = ["template0", "template1"];

const PORTS = `Its port is always ${PORT}, which \`connection\` names: set \`hostPort\` to publish it on another one.`;
const FOLDERS = "Its data is where its image has it, in its volume: leave it out.";
/** Settings that options decide, with the option or the reason. */
const OWN_SETTINGS = {
  max_connections: "maxConnections",
  shared_buffers: "sharedBuffersMiB",
  port: PORTS,
  listen_addresses: "It listens on its networks, which its users are on: leave it out.",
  data_directory: FOLDERS,
  unix_socket_directories: "Its socket is where its image has it: leave it out.",
};
/** Variables that options decide, of the image's entry point, of the server, and of psql, which the probe runs. */
const OWN_VARIABLES = {
  ...decidedBy("database", "POSTGRES_USER", "POSTGRES_DB"),
  ...decidedBy("password", "POSTGRES_PASSWORD", "PGPASSWORD"),
  POSTGRES_HOST_AUTH_METHOD: "Its users sign in with `password`, wherever they are: leave it out.",
  ...decidedBy(FOLDERS, "PGDATA", "POSTGRES_INITDB_WALDIR"),
  PGPORT: PORTS,
  ...decidedBy("The probe would ask another server by it: leave it out.", "PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE"),
};

const Settings = z
  .strictObject({
    ...databaseSettings({ memoryMiB: DEFAULT.memoryMiB, readyTimeoutSeconds: 60, stopGraceSeconds: 60 }),
    /**
     * Memory limit, in MiB; swap is not used beyond it.
     * @default - 512; more where `maxConnections` (2 MiB for each above 100) or `sharedBuffersMiB` need it
     */
    memoryMiB: mebibytes().optional(),
    /** Major version; fixed once there is data. Where images are built from package registries there is 17 only. @default "17" */
    version: z
      .preprocess(
        (version: Version | 16 | 17 | 18) => (typeof version === "number" ? String(version) : version),
        Version,
      )
      .default("17"),
    /** Database, and the role that owns it; made on first start, fixed afterwards. @default "app" */
    database: identifier()
      .refine(
        (name) => !RESERVED_ROLES.test(name) && !TEMPLATES.includes(name),
        "another name: PostgreSQL keeps pg_…, public, none, template0 and template1 for itself",
      )
      .default("app"),
    /**
     * `uid:gid` of the server, fixed once there is data: for an image whose user has another number, as `70:70` in the Alpine
     * variants. @default "999:999"
     */
    user: user().default(POSTGRES_USER),
    /**
     * Most connections at a time, of which the server keeps three for administrators. `memoryMiB` and `pids` follow from it where
     * they are not given; each above the default needs 2 MiB. @default 100
     */
    maxConnections: count(4, 10_000).default(DEFAULT.connections),
    /** Cache that all connections share, in MiB: three quarters of `memoryMiB` at most. @default - PostgreSQL's own, 128 */
    sharedBuffersMiB: mebibytes(1).optional(),
    /**
     * The server's own settings, by their own names: `shared_preload_libraries: "pg_stat_statements"`. What another option
     * decides is refused. A change replaces the container. @default {}
     */
    settings: serverSettings({
      name: [/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*$/i, "a setting's name (letters, digits, _ and dots)"],
      own: OWN_SETTINGS,
    }),
  })
  .superRefine(({ sharedBuffersMiB = 0, maxConnections, memoryMiB, pids }, { addIssue }) => {
    const fault = (message: string, ...path: string[]) => addIssue({ code: "custom", path, message });
    const leastPids = maxConnections + LEAST_OTHER_PIDS;
    if (pids !== undefined && pids < leastPids) {
      fault(`${leastPids} or more, for ${maxConnections} connections and the server's own processes`, "pids");
    }
    if (memoryMiB === undefined) return;
    const most = Math.floor((memoryMiB * 3) / 4);
    if (sharedBuffersMiB > most) {
      fault(`three quarters of memoryMiB (${most} MiB) at most: the rest is for connections`, "sharedBuffersMiB");
    }
    const { cache, least } = neededBy({ sharedBuffersMiB: sharedBuffersMiB || undefined, maxConnections });
    if (maxConnections > DEFAULT.connections && memoryMiB < least) {
      fault(
        `${least} MiB or more, for ${maxConnections} connections (${CONNECTION_MIB} MiB each) and the cache (${cache} MiB)`,
        "memoryMiB",
      );
    }
  });
const Args = Settings.safeExtend({
  ...databaseArgs,
  /** Password of the role. May be changed. @default - a random one, made once */
  password: secretValue(4, PASSWORD, "none a control character, and no hash of a password").optional(),
})
  .superRefine(refuseTwoImages)
  .refine(
    ({ platform, version, image, build }) =>
      platform.imageSource === "registry" ||
      VERSIONS[version].image.packages !== undefined ||
      (image ?? build) !== undefined,
    {
      path: ["version"],
      error: sentence(
        "Only 17 is built from package registries: leave version out, name an `image` or a `build` with another, or use imageSource: registry.",
      ),
    },
  );
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
  /** The options that are plain data, for the settings of a program. */
  static readonly settings = Settings;
  /** `url` is secret: `postgresql://role:password@host:port/database`. */
  declare readonly connection: ConnectionWith<"user" | "password" | "database">;

  constructor(name: string, args: PostgresArgs, opts?: pulumi.ComponentResourceOptions) {
    const parsed = parseArgs(Args, "Postgres", name, args);
    const { version, database, user, password, maxConnections, sharedBuffersMiB, settings, ...rest } = parsed;
    const { image, dataPath } = VERSIONS[version];
    const [uid, gid] = user.split(":");
    const memoryMiB = rest.memoryMiB ?? memoryFor({ sharedBuffersMiB, maxConnections });
    super("Postgres", name, { ...rest, memoryMiB }, opts, {
      image,
      // START needs it.
      imageVariables: ["PGDATA"],
      ownVariables: OWN_VARIABLES,
      port: PORT,
      command: [
        "bash",
        "/run/secrets/start.sh",
        "postgres",
        "-c",
        `max_connections=${maxConnections}`,
        ...(sharedBuffersMiB === undefined ? [] : ["-c", `shared_buffers=${sharedBuffersMiB}MB`]),
        ...Object.entries(settings).flatMap(([setting, value]) => ["-c", `${setting}=${value}`]),
      ],
      env: {
        POSTGRES_USER: database,
        POSTGRES_DB: database,
        POSTGRES_PASSWORD_FILE: "/run/secrets/password",
        // For the probe: libpq reads the password from a file, so it is not in the arguments.
        PGPASSFILE: "/run/secrets/pgpass",
        PGCONNECT_TIMEOUT: "3",
      },
      user,
      tmpfs: { [SOCKET_FOLDER]: `uid=${uid},gid=${gid},mode=3777,size=16m` },
      pids: maxConnections + OTHER_PIDS,
      shmSizeMiB: SHM_MIB,
      data: { path: dataPath, major: version, firstStart: { database, ...fixedUser(user, POSTGRES_USER) } },
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
        // By START: the image's entry point reads it at the first start only.
        read: "at every start",
        files: (secret, mark) => ({
          "start.sh": START,
          password: secret,
          "password-mark": mark,
          pgpass: pgpass(secret),
        }),
      },
      connection: { scheme: "postgresql", user: database, database },
    });
  }
}

type Cache = Pick<z.output<typeof Settings>, "sharedBuffersMiB" | "maxConnections">;

/** @returns the cache, and the memory for connections, cache and server together, in MiB. */
function neededBy({ sharedBuffersMiB: cache = DEFAULT.sharedBuffersMiB, maxConnections }: Cache) {
  return { cache, least: cache + maxConnections * CONNECTION_MIB + ROOM_MIB };
}

/** @returns memory in MiB that is enough for both, with the cache at three quarters of it at most. */
function memoryFor(given: Cache): number {
  const { cache, least } = neededBy(given);
  return Math.max(DEFAULT.memoryMiB, least, Math.ceil((cache * 4) / 3));
}

/** libpq's password file, for any server: https://www.postgresql.org/docs/17/libpq-pgpass.html */
export const pgpass = (secret: pulumi.Input<string>) =>
  pulumi.interpolate`*:*:*:*:${pulumi.output(secret).apply((text) => text.replace(/[\\:]/g, "\\$&"))}\n`;
