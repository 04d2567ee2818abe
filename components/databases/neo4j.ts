import { basename } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { ConnectionWith } from "../core/connection.ts";
import { Database, databaseArgs, databaseSettings } from "../core/database.ts";
import { refuseTwoImages } from "../core/image.ts";
import { decidedBy, serverSettings, settingValue, variablesOf } from "../core/server-settings.ts";
import { file, hostPort, mebibytes, parseArgs, secretValue } from "../core/support/args.ts";

const IMAGE = { registry: "neo4j:5.26-community", packages: "neo4j" };
const MAJOR = "5";
const BOLT_PORT = 7687;
const HTTP_PORT = 7474;
const DATA_PATH = "/data";
/** The initial user. */
const ACCOUNT = "neo4j";
/** The image's own user neo4j. */
export const NEO4J_USER = "7474:7474";
/** Java unpacks and loads libraries in /tmp; the image's entry point writes the configuration, whatever command it runs. */
export const NEO4J_TMPFS = {
  "/tmp": "exec,mode=1777,size=64m",
  "/var/lib/neo4j/conf": "uid=7474,gid=7474,mode=0700,size=1m",
};
/** The image declares a volume at /logs, which stays empty: the logs are with the data. */
const LOGS_TMPFS = { "/logs": "uid=7474,gid=7474,mode=0700,size=1m" };
/** Threads: Bolt alone may have 400, and Java and the servers in it start others by the number of the host's CPUs. */
const PIDS = 2048;
/** What Java needs beside heap and page cache: classes, compiled code, threads, buffers. */
const ROOM_MIB = 256;

/** Those of the configuration that comes with the server, except AlwaysPreTouch, which touches the whole heap at the start. */
const JAVA_ARGUMENTS = [
  "-XX:+UseG1GC",
  "-XX:-OmitStackTraceInFastThrow",
  "-XX:+DisableExplicitGC",
  "-Djdk.nio.maxCachedBufferSize=1024",
  "-Dio.netty.tryReflectionSetAccessible=true",
  "-Djdk.tls.ephemeralDHKeySize=2048",
  "-Djdk.tls.rejectClientInitiatedRenegotiation=true",
  "-Dlog4j2.disable.jmx=true",
  "--add-opens=java.base/java.nio=ALL-UNNAMED",
  "--add-opens=java.base/java.io=ALL-UNNAMED",
  "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
  "--enable-native-access=ALL-UNNAMED",
];

/**
 * The second compiler makes a server faster after minutes of work and takes a third of the time of its start: in dev, where it is
 * started many times a day, it is left out.
 */
const QUICK_START = "-XX:TieredStopAtLevel=1";

/**
 * Sets the password at the first start. NEO4J_AUTH would do it too, but the image's entry point passes that as an argument, which
 * the process list shows, and runs Java twice more at every start. The file after @ is read by neo4j-admin itself.
 */
const FIRST_START = `[ -d ${DATA_PATH}/databases/system ] || neo4j-admin dbms set-initial-password @/run/secrets/initial-password\n`;

const FOLDERS = "Its folders are fixed, those that last in its volume: leave it out.";
const PORTS = `Its ports are always ${BOLT_PORT} and ${HTTP_PORT}, on its networks: set \`hostPort\` or \`httpHostPort\` to publish them on others.`;
const JAVA = "It would replace the component's own arguments for Java: set `server.jvm.additional` in `settings`.";
const CURRENT_SETTINGS = {
  ...decidedBy("heapMiB", "server.memory.heap.initial_size", "server.memory.heap.max_size"),
  "server.memory.pagecache.size": "pageCacheMiB",
  "dbms.security.auth_enabled": "password",
  ...decidedBy(
    FOLDERS,
    ...["data", "logs", "run", "plugins", "neo4j_home", "transaction.logs.root"].map(
      (each) => `server.directories.${each}`,
    ),
    "internal.server.directories.databases.root",
  ),
  ...decidedBy(
    PORTS,
    "server.default_listen_address",
    ...["bolt", "http"].flatMap((each) => [`server.${each}.listen_address`, `server.${each}.enabled`]),
  ),
  "initial.dbms.default_database": "Its one database is called neo4j, which the probe asks: leave it out.",
};
/** Settings that options decide, with the option or the reason; also by their names of Neo4j 4, which the server takes as well. */
const OWN_SETTINGS = {
  ...CURRENT_SETTINGS,
  "dbms.jvm.additional": JAVA,
  ...variablesOf(CURRENT_SETTINGS, (setting) =>
    setting.replace(/^server\.(bolt|http)\./, "dbms.connector.$1.").replace(/^(server|initial\.dbms)\./, "dbms."),
  ),
};
/** Variables that options decide, with the option or the reason. */
const OWN_VARIABLES = {
  ...variablesOf(OWN_SETTINGS, variableOf),
  ...decidedBy("password", "NEO4J_AUTH", "NEO4J_AUTH_PATH"),
  ...decidedBy(FOLDERS, "NEO4J_HOME", "NEO4J_CONF"),
  NEO4J_PLUGINS: "plugins",
  JAVA_OPTS: JAVA,
};
/** The image writes values as lines of a Java properties file, and leaves out empty ones. */
const VALUE = /^(?!\s)[^\\\p{Cc}]+(?<!\s)$/u;

const Settings = z
  .strictObject({
    ...databaseSettings({ memoryMiB: 1024, readyTimeoutSeconds: 120, stopGraceSeconds: 60 }),
    /** TCP port on the host's 127.0.0.1 for HTTP: Neo4j Browser and the Query API. @default - not published */
    httpHostPort: hostPort().optional(),
    /** Java's heap, in MiB. @default - half of `memoryMiB` */
    heapMiB: mebibytes(128).optional(),
    /** Cache for what is on disk, in MiB. @default - an eighth of `memoryMiB` */
    pageCacheMiB: mebibytes(8).optional(),
    /**
     * The server's own settings, by their own names: `db.transaction.timeout: "30s"`. Those for Java
     * (`server.jvm.additional`) come after its own. What another option decides is refused. A change replaces the container.
     * @default {}
     */
    settings: serverSettings({
      name: [
        /^[A-Za-z][A-Za-z0-9]*([._][A-Za-z0-9]+)+$/,
        "a setting's name (words of letters and digits, with a dot or _ between them)",
      ],
      value: settingValue(
        VALUE,
        "a text without backslashes, control characters and blanks at its ends, a number, true or false",
      ),
      own: OWN_SETTINGS,
    }),
  })
  .superRefine(({ memoryMiB, hostPort, httpHostPort, ...rest }, { addIssue }) => {
    const { heapMiB, pageCacheMiB } = memoryOf({ memoryMiB, ...rest });
    if (memoryMiB < heapMiB + pageCacheMiB + ROOM_MIB) {
      const message = `${ROOM_MIB} MiB or more above heap and page cache (${heapMiB} and ${pageCacheMiB} MiB)`;
      addIssue({ code: "custom", path: ["memoryMiB"], message });
    }
    if (httpHostPort !== undefined && httpHostPort === hostPort) {
      addIssue({ code: "custom", path: ["httpHostPort"], message: "another port than hostPort" });
    }
  });
const Args = Settings.safeExtend({
  ...databaseArgs,
  /** Password of the user neo4j; fixed once there is data. @default - a random one, made once */
  password: secretValue(8).optional(),
  /** Plugins: jar files of this machine, for all its databases. A change of their content replaces the container. @default [] */
  plugins: z
    .array(
      file().refine((path) => path.endsWith(".jar"), "a jar file"),
      "a list of files",
    )
    .refine((all) => new Set(all.map((path) => basename(path))).size === all.length, "files of different names")
    .default([]),
}).superRefine(refuseTwoImages);
export type Neo4jArgs = z.input<typeof Args>;

/**
 * One Neo4j server, Community Edition: a service and a volume that outlives it, with the server's own log files in it too.
 *
 * @throws ArgsError naming every bad argument, before anything is registered. `up` fails, with the server's last log lines,
 * if no probe passes within `readyTimeoutSeconds`.
 * @example
 * const graph = new Neo4j("graph", { platform, memoryMiB: 2048 });
 */
export class Neo4j extends Database {
  /** The options that are plain data, for the settings of a program. */
  static readonly settings = Settings;
  /** `url` is secret: `bolt://neo4j:password@host:port`. Drivers take user and password separately. */
  declare readonly connection: ConnectionWith<"ports" | "user" | "password">;

  constructor(name: string, args: Neo4jArgs, opts?: pulumi.ComponentResourceOptions) {
    const parsed = parseArgs(Args, "Neo4j", name, args);
    const { password, httpHostPort, plugins, heapMiB, pageCacheMiB, settings, ...rest } = parsed;
    const { "server.jvm.additional": java, ...others } = settings;
    const memory = memoryOf({ memoryMiB: rest.memoryMiB, heapMiB, pageCacheMiB });
    super("Neo4j", name, rest, opts, {
      image: IMAGE,
      ownVariables: OWN_VARIABLES,
      port: BOLT_PORT,
      otherPorts: { http: { hostPort: httpHostPort, port: HTTP_PORT } },
      env: {
        EXTENSION_SCRIPT: "/run/secrets/first-start.sh",
        NEO4J_server_memory_heap_initial__size: `${memory.heapMiB}m`,
        NEO4J_server_memory_heap_max__size: `${memory.heapMiB}m`,
        NEO4J_server_memory_pagecache_size: `${memory.pageCacheMiB}m`,
        NEO4J_server_jvm_additional: [
          ...JAVA_ARGUMENTS,
          ...(rest.platform.environment === "prod" ? [] : [QUICK_START]),
          ...(java === undefined ? [] : [java]),
        ].join(" "),
        NEO4J_server_directories_logs: `${DATA_PATH}/logs`,
        NEO4J_server_directories_run: "/tmp",
        // As in the image's own configuration, which a folder in memory hides. The first keeps LOAD CSV from reading every file
        // of the container.
        NEO4J_server_directories_import: "import",
        NEO4J_db_tx__log_rotation_retention__policy: "2 days 2G",
        // Addresses for this machine: Neo4j Browser asks over HTTP where Bolt is.
        ...(rest.hostPort === undefined ? {} : { NEO4J_server_bolt_advertised__address: `localhost:${rest.hostPort}` }),
        ...(httpHostPort === undefined ? {} : { NEO4J_server_http_advertised__address: `localhost:${httpHostPort}` }),
        NEO4J_dbms_usage__report_enabled: "false",
        // Otherwise two event loops wait 5 s each for further requests when it stops.
        NEO4J_internal_dbms_bolt_netty__server__shutdown__quiet__period: "0",
        ...Object.fromEntries(Object.entries(others).map(([setting, value]) => [variableOf(setting), value])),
      },
      user: NEO4J_USER,
      // At its start it asks DNS for the name of the address that it listens on, to log it. Without an answer that takes
      // six seconds.
      hosts: { "0.0.0.0": "0.0.0.0" },
      tmpfs: { ...NEO4J_TMPFS, ...LOGS_TMPFS },
      // The image's entry point looks for plugins there when that is mounted.
      folders:
        plugins.length === 0 ? {} : { "/plugins": Object.fromEntries(plugins.map((path) => [basename(path), path])) },
      pids: PIDS,
      data: { path: DATA_PATH, major: MAJOR },
      probe: {
        // Over HTTP, which opens last, after Bolt. cypher-shell would start a Java for each probe.
        test: ["CMD", "wget", "--config=/run/secrets/probe.wgetrc", `http://${name}:${HTTP_PORT}/db/neo4j/query/v2`],
        // The first query takes seconds on a busy machine, and frequent probes would slow the start down.
        timeoutSeconds: 10,
        startIntervalMs: 500,
      },
      credential: {
        name: "password",
        given: password,
        read: "at first start",
        files: (secret) => ({
          "first-start.sh": FIRST_START,
          "initial-password": initialPassword(secret),
          "probe.wgetrc": probe(secret),
        }),
      },
      // With neo4j:// a driver would ask for the server's address, and get one that is right on one network only.
      connection: { scheme: "bolt", user: ACCOUNT },
    });
  }
}

/** The variable of a setting, by the image's own rule. */
function variableOf(setting: string): string {
  return `NEO4J_${setting.replaceAll("_", "__").replaceAll(".", "_")}`;
}

/** Divides its memory, with defaults for what is not set. */
function memoryOf({
  memoryMiB,
  heapMiB = Math.floor(memoryMiB / 2),
  pageCacheMiB = Math.floor(memoryMiB / 8),
}: Pick<z.output<typeof Settings>, "memoryMiB" | "heapMiB" | "pageCacheMiB">) {
  return { heapMiB, pageCacheMiB };
}

/** Arguments in a file, as picocli reads them: quoted as in C; `@` begins the name of another file, `@@` is a plain one. */
const initialPassword = (secret: pulumi.Output<string>) =>
  pulumi.interpolate`-- "${secret.apply((text) => text.replace(/["\\]/g, "\\$&").replace(/^@/, "@@"))}"\n`;

/** wget's configuration for the probe: a query, with the password. */
const probe = (secret: pulumi.Output<string>) => {
  const credentials = secret.apply((text) => Buffer.from(`${ACCOUNT}:${text}`).toString("base64"));
  return pulumi.interpolate`header = Authorization: Basic ${credentials}
header = Content-Type: application/json
post_data = {"statement":"RETURN 1"}
output_document = -
quiet = on
timeout = 9
tries = 1
`;
};
