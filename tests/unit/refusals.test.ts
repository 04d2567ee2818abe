import * as pulumi from "@pulumi/pulumi";
import { beforeAll, describe, expect, test, vi } from "vitest";
import {
  Api,
  ArgsError,
  Migration,
  Minio,
  MinioSetup,
  Neo4j,
  Neo4jSetup,
  Ollama,
  OllamaModels,
  type Platform,
  Postgres,
  PostgresSetup,
  Qdrant,
  QdrantSetup,
  Redis,
  SetupJob,
} from "../../components/index.ts";
import { readSettings } from "../../components/program/settings.ts";
import { deploy, mock } from "./helpers/stack.ts";

/** Components by the name of their class, with arguments that are good. */
const GOOD = {
  Postgres: [Postgres, {}],
  Redis: [Redis, {}],
  Minio: [Minio, {}],
  Neo4j: [Neo4j, {}],
  PostgresSetup: [PostgresSetup, {}],
  MinioSetup: [MinioSetup, { buckets: { kept: {} } }],
  Neo4jSetup: [Neo4jSetup, { cypher: ["package.json"] }],
  Qdrant: [Qdrant, {}],
  QdrantSetup: [QdrantSetup, {}],
  Ollama: [Ollama, {}],
  OllamaModels: [OllamaModels, { models: { tiny: { from: "base" } } }],
  Migration: [Migration, { build: { context: "examples/api" } }],
  SetupJob: [SetupJob, { image: "alpine:3", command: ["true"] }],
  Api: [Api, { build: { context: "examples/api" }, probe: ["true"] }],
} as const;
type Kind = keyof typeof GOOD;
type Component = new (name: string, args: Record<string, unknown>) => pulumi.Resource;

let platform: Platform;
let database: Postgres;
let cache: Redis;
let storage: Minio;
let graph: Neo4j;
let vectors: Qdrant;
let models: Ollama;
beforeAll(async () => {
  const stack = await deploy((platform) => ({
    database: new Postgres("main", { platform }),
    cache: new Redis("cache", { platform }),
    storage: new Minio("store", { platform }),
    graph: new Neo4j("graph", { platform }),
    vectors: new Qdrant("vectors", { platform }),
    models: new Ollama("models", { platform }),
  }));
  ({ platform } = stack);
  ({ database, cache, storage, graph, vectors, models } = stack.made);
});

/** The message with which it is refused; and what was registered before that, which should be nothing. */
async function refused(
  kind: Kind,
  args: Record<string, unknown>,
  name = "one",
): Promise<{ message: string; registered: number }> {
  const monitor = mock();
  const [component, good] = GOOD[kind];
  const served = {
    PostgresSetup: { database },
    MinioSetup: { storage },
    Neo4jSetup: { database: graph },
    QdrantSetup: { database: vectors },
    OllamaModels: { database: models },
  };
  const given = { platform, ...good, ...served[kind as keyof typeof served], ...args };
  try {
    new (component as unknown as Component)(name, given);
  } catch (error) {
    // What it has registered nevertheless would reach the next test's mocks.
    await pulumi.runtime.disconnect();
    if (!(error instanceof ArgsError)) throw error;
    return { message: error.message, registered: monitor.recorded.length };
  }
  await pulumi.runtime.disconnect();
  throw new Error("it is not refused");
}

const NAME = "should be 1 to 40 of a-z, 0-9 and -, a letter first, got";
const PORT = "should be 1 to 65535, got";
const unknown = (...own: string[]) =>
  "should not be there; the options are hostPort, lifecycle, pids, shmSizeMiB, memoryMiB, cpus, readyTimeoutSeconds, stopGraceSeconds, " +
  `${own.join(", ")}`;
const BESIDE = ["platform", "image", "build", "env", "files"];
const UNKNOWN = {
  Postgres: unknown(
    "version",
    "database",
    "user",
    "maxConnections",
    "sharedBuffersMiB",
    "settings",
    ...BESIDE,
    "password",
  ),
  Redis: unknown("maxMemoryMiB", "maxMemoryPolicy", "appendOnly", "user", "settings", ...BESIDE, "password"),
  Minio: unknown("user", "rootUser", "consoleHostPort", "settings", ...BESIDE, "password"),
  Qdrant: unknown("grpcHostPort", "settings", ...BESIDE, "apiKey"),
};
const MIB = "should be whole MiB, 6 or more, got";
const SECONDS = "should be whole seconds, 1 to 86400, got";
const CPUS = "should be CPUs in tenths, 0.1 to 128, got";
const IDENTIFIER = "should be 1 to 63 of a-z, 0-9 and _, no digit first, got";
const RESERVED = "should be another name: PostgreSQL keeps pg_…, public, none, template0 and template1 for itself, got";
const VARIABLE = "should be a variable's name (letters, digits and _), got";
const USES = "should be a database, a container, a job or an external(), got";
const REFERENCE = "should be a name of a-z, 0-9 and _, a letter first, got";
const USER = "should be uid:gid in digits, got";
const FILE = "should be a file that is there, got";
const FILE_NAME = "should be a file name of letters, digits, dots, _ and -, got";
const LIFECYCLE = "should be one of ephemeral, keep, protected, got";
const POLICY =
  "should be one of noeviction, allkeys-lru, allkeys-lfu, allkeys-random, volatile-lru, volatile-lfu, volatile-random, volatile-ttl, got";

const ROOT = "nothing can be in the place of its image's root. Give it a path below that.";
const ANOTHER_PATH = "Give one of them another path.";
const ONE_IMAGE = "It has one image: set `image` or `build`, not both.";
const SETS = "sets it itself. Set the option that it follows from, or leave it out.";
const SETTING = "should be a setting's name";
const VALUE = "a text without control characters, a number in digits, true or false";
const instead = (option: string) => `It follows from \`${option}\`: set that option instead.`;
const POSTGRES_DATA = "Its data is where its image has it, in its volume: leave it out.";
const MINIO_FIXED = "Its ports and its folder are fixed: leave it out.";
const NEO4J_PORTS =
  "Its ports are always 7687 and 7474, on its networks: set `hostPort` or `httpHostPort` to publish them on others.";
const NEO4J_FOLDERS = "Its folders are fixed, those that last in its volume: leave it out.";
const JAVA = "It would replace the component's own arguments for Java: set `server.jvm.additional` in `settings`.";
const QDRANT_PORTS =
  "Its ports are always 6333 and 6334, on its networks: set `hostPort` or `grpcHostPort` to publish them on others.";
const OLLAMA_MODELS = "Its models are in its volume: leave it out.";
const ELSEWHERE = "The probe would ask another server by it: leave it out.";
const PIDS = "a whole number, 16 to 4194304";
const OTHER_PIDS = "\n  pids: should be 132 or more, for 100 connections and the server's own processes, got 0.5";
const ROOM = "should be 256 MiB or more above";
const PASSWORD = "password: should be 4 characters or more, none a control character, got";
const NO_HASH = "password: should be 4 characters or more, none a control character, and no hash of a password, got";
const KEY = "apiKey: should be 4 characters or more, none a control character, got";
const HEADER = "should be ASCII without spaces, because it is sent in a header, got";
const MODEL = "should be a model's name, with or without a tag, got";
const COLLECTION = "should be 1 to 128 of A-Z, a-z, 0-9, _ and -, a letter or digit first, got";

const ROOT_USER = "should be 3 to 20 of letters, digits, dots, _ and -, a letter or digit first, got";
const ROOT_PASSWORD =
  "password: should be 8 characters or more, no colon, no control character, no blank at either end, got";
const BUCKET =
  "should be a bucket's name (3 to 63 of a-z, 0-9, - and single dots, a letter or digit first and last), got";
const OTHER_BUCKET =
  'should be a bucket\'s name other than "minio", which the server keeps to itself, and than an IP address, got';

const SHARED = "should be three quarters of memoryMiB (384 MiB) at most: the rest is for connections, got";
const MAX_MEMORY =
  "should be three quarters of memoryMiB (96 MiB) at most: the rest is for clients, and for what changes while it saves, got";
const JAR = "tests/e2e/programs/graph/greeting.jar";

/** Of what would take another's place without a word. */
const twice = (other: string, name: string) => `\`${other}\` is ${name} already. Give one of them another name.`;

const TABLE: [Kind, Record<string, unknown>, string][] = [
  ["Postgres", { platform: undefined }, "platform: should be a Platform, got nothing"],
  ["Postgres", { platform: {} }, "platform: should be a Platform, got {}"],
  ["Postgres", { database: "my-app" }, `database: ${IDENTIFIER} "my-app"`],
  ["Postgres", { database: 7 }, "database: should be a text, got 7"],
  ["Postgres", { password: "" }, `${NO_HASH} a value that is not shown`],
  ["Postgres", { password: 1_234_567 }, `${NO_HASH} a value that is not shown`],
  ["Postgres", { password: `md5${"0f".repeat(16)}` }, `${NO_HASH} a value that is not shown`],
  ["Postgres", { password: "SCRAM-SHA-256$4096:c2FsdA==$a2V5:a2V5" }, `${NO_HASH} a value that is not shown`],
  ["Postgres", { hostPort: 70_000 }, `hostPort: ${PORT} 70000`],
  ["Postgres", { hostPort: "5432" }, 'hostPort: should be a number, got "5432"'],
  ["Postgres", { maxConnections: 3 }, "maxConnections: should be a whole number, 4 to 10000, got 3"],
  ["Postgres", { version: "15" }, 'version: should be one of 16, 17, 18, got "15"'],
  ["Postgres", { version: 19 }, "version: should be one of 16, 17, 18, got 19"],
  ["Postgres", { sharedBuffersMiB: 0 }, "sharedBuffersMiB: should be whole MiB, 1 or more, got 0"],
  ["Postgres", { memoryMiB: 512, sharedBuffersMiB: 385 }, `sharedBuffersMiB: ${SHARED} 385`],
  ["Postgres", { memoryMiB: 512, sharedBuffersMiB: 500 }, `sharedBuffersMiB: ${SHARED} 500`],
  [
    "Postgres",
    { maxConnections: 400, memoryMiB: 951 },
    "memoryMiB: should be 952 MiB or more, for 400 connections (2 MiB each) and the cache (128 MiB), got 951",
  ],
  [
    "Postgres",
    { maxConnections: 400, pids: 431 },
    "pids: should be 432 or more, for 400 connections and the server's own processes, got 431",
  ],
  [
    "Postgres",
    { maxConnections: 101, sharedBuffersMiB: 64, memoryMiB: 289 },
    "memoryMiB: should be 290 MiB or more, for 101 connections (2 MiB each) and the cache (64 MiB), got 289",
  ],
  ...(["Postgres", "Redis", "Minio", "Neo4j", "Qdrant", "Ollama"] as const).flatMap(
    (kind): [Kind, Record<string, unknown>, string][] => [
      [kind, { image: "" }, 'image: should be an image\'s name, or { registry, packages }, got ""'],
      [kind, { image: "own:1", build: { context: "examples/api" } }, `image: ${ONE_IMAGE}`],
      [kind, { build: { context: "none" } }, 'build.context: should be a folder, got "none"'],
      [kind, { env: { "A-B": "1" } }, `env.A-B: ${VARIABLE} "A-B"`],
      [
        kind,
        { files: { "etc/x": "package.json" } },
        'files.etc/x: should be an absolute path inside the container, got "etc/x"',
      ],
      [kind, { files: { "/etc/x": "none" } }, `files./etc/x: ${FILE} "none"`],
      [kind, { files: { "/.": "package.json" } }, `files./.: ${ROOT}`],
      [kind, { pids: 0.5 }, `pids: should be ${PIDS}, got 0.5${kind === "Postgres" ? OTHER_PIDS : ""}`],
      [kind, { shmSizeMiB: 0.5 }, "shmSizeMiB: should be whole MiB, 1 or more, got 0.5"],
      [kind, { settings: "x=1" }, 'settings: should be names with values, got "x=1"'],
    ],
  ),
  [
    "Postgres",
    { settings: { WORK_MEM: "8MB", work_mem: "4MB" } },
    "settings.work_mem: `WORK_MEM` is the same setting in other letters: leave one of them out.",
  ],
  ["Postgres", { env: { PGPASSFILE: "/x" } }, `env.PGPASSFILE: Postgres ${SETS}`],
  ["Minio", { env: { MINIO_UPDATE: "on" } }, `env.MINIO_UPDATE: Minio ${SETS}`],
  ...(
    [
      ["Postgres", "PGDATA", POSTGRES_DATA],
      ["Postgres", "POSTGRES_INITDB_WALDIR", POSTGRES_DATA],
      [
        "Postgres",
        "PGPORT",
        "Its port is always 5432, which `connection` names: set `hostPort` to publish it on another one.",
      ],
      ["Postgres", "POSTGRES_USER", instead("database")],
      ["Postgres", "POSTGRES_DB_FILE", instead("database")],
      ["Postgres", "POSTGRES_PASSWORD", instead("password")],
      ["Postgres", "POSTGRES_PASSWORD_FILE", instead("password")],
      ["Postgres", "PGPASSWORD", instead("password")],
      ["Postgres", "POSTGRES_HOST_AUTH_METHOD", "Its users sign in with `password`, wherever they are: leave it out."],
      ["Postgres", "PGHOSTADDR", ELSEWHERE],
      ["Redis", "REDIS_PASSWORD_FILE", instead("password")],
      ["Redis", "REDIS_MAXMEMORY_POLICY", instead("maxMemoryPolicy")],
      ["Minio", "MINIO_ROOT_USER", instead("rootUser")],
      ["Minio", "MINIO_ROOT_USER_FILE", instead("rootUser")],
      ["Minio", "MINIO_SECRET_KEY_FILE", instead("password")],
      ["Minio", "MINIO_VOLUMES", MINIO_FIXED],
      ["Minio", "MINIO_CONFIG", MINIO_FIXED],
      ["Minio", "MINIO_CONFIG_ENV_FILE", MINIO_FIXED],
      ["Minio", "MINIO_USERNAME", instead("user")],
      ["Minio", "MC_HOST_server", ELSEWHERE],
      ["Neo4j", "NEO4J_AUTH", instead("password")],
      ["Neo4j", "NEO4J_AUTH_FILE", instead("password")],
      ["Neo4j", "NEO4J_dbms_security_auth__enabled", instead("password")],
      ["Neo4j", "NEO4J_server_bolt_listen__address", NEO4J_PORTS],
      ["Neo4j", "NEO4J_dbms_connector_bolt_listen__address", NEO4J_PORTS],
      ["Neo4j", "NEO4J_server_memory_heap_max__size_FILE", instead("heapMiB")],
      ["Neo4j", "NEO4J_dbms_memory_pagecache_size", instead("pageCacheMiB")],
      ["Neo4j", "NEO4J_server_directories_data", NEO4J_FOLDERS],
      ["Neo4j", "NEO4J_CONF", NEO4J_FOLDERS],
      ["Neo4j", "NEO4J_PLUGINS", instead("plugins")],
      ["Neo4j", "JAVA_OPTS", JAVA],
      ["Qdrant", "QDRANT__SERVICE__HTTP_PORT", QDRANT_PORTS],
      ["Qdrant", "QDRANT__Service__Api_Key", instead("apiKey")],
      ["Qdrant", "QDRANT__STORAGE__STORAGE_PATH", "Its data is where its image has it, in its volume: leave it out."],
      ["Qdrant", "RUN_MODE", "It would choose another configuration file of the image: set `settings`."],
      ["Ollama", "OLLAMA_MODELS", OLLAMA_MODELS],
      ["Ollama", "HOME", OLLAMA_MODELS],
    ] as const
  ).map(([kind, variable, said]): (typeof TABLE)[number] => [
    kind,
    { env: { [variable]: "hunter22" } },
    `env.${variable}: ${said}`,
  ]),
  ["Ollama", { settings: { OLLAMA_DEBUG: 1 }, env: { OLLAMA_DEBUG: "2" } }, `env.OLLAMA_DEBUG: Ollama ${SETS}`],
  [
    "Postgres",
    { settings: { "work-mem": "4MB" } },
    `settings.work-mem: ${SETTING} (letters, digits, _ and dots), got "work-mem"`,
  ],
  ["Postgres", { settings: { work_mem: "4\nMB" } }, `settings.work_mem: should be ${VALUE}, got "4\\nMB"`],
  ["Postgres", { settings: { work_mem: 1e21 } }, `settings.work_mem: should be ${VALUE}, got 1e+21`],
  ["Postgres", { settings: { work_mem: null } }, `settings.work_mem: should be ${VALUE}, got null`],
  ["Postgres", { settings: { max_connections: 7 } }, `settings.max_connections: ${instead("maxConnections")}`],
  ["Postgres", { settings: { Shared_Buffers: 7 } }, `settings.Shared_Buffers: ${instead("sharedBuffersMiB")}`],
  [
    "Postgres",
    { settings: { port: 7 } },
    "settings.port: Its port is always 5432, which `connection` names: set `hostPort` to publish it on another one.",
  ],
  ["Redis", { settings: { Save: "" } }, 'settings.Save: should be a directive\'s name (a-z, 0-9 and -), got "Save"'],
  [
    "Redis",
    { settings: { save: "--dir" } },
    'settings.save: should be a text without control characters that does not begin with --, or a number, got "--dir"',
  ],
  ["Redis", { settings: { maxmemory: "1gb" } }, `settings.maxmemory: ${instead("maxMemoryMiB")}`],
  ["Redis", { settings: { "maxmemory-policy": "x" } }, `settings.maxmemory-policy: ${instead("maxMemoryPolicy")}`],
  ["Redis", { settings: { appendonly: "no" } }, `settings.appendonly: ${instead("appendOnly")}`],
  ["Redis", { settings: { requirepass: "hunter22" } }, `settings.requirepass: ${instead("password")}`],
  ["Redis", { settings: { dir: "/tmp" } }, "settings.dir: Its files have fixed places in its volume: leave it out."],
  ...(
    [
      ["Redis", "bind", "It listens on its networks, which its users are on, and asks for `password`: leave it out."],
      [
        "Redis",
        "protected-mode",
        "It listens on its networks, which its users are on, and asks for `password`: leave it out.",
      ],
      ["Redis", "aclfile", "Its one user is `default`, with `password`: leave it out."],
      ["Redis", "user", "Its one user is `default`, with `password`: leave it out."],
      ["Redis", "include", "Directives of another file cannot be checked: name them in `settings`."],
      ["Minio", "MINIO_SECRET_KEY_FILE", instead("password")],
      ["Minio", "MINIO_CONFIG", MINIO_FIXED],
      ["Neo4j", "dbms.connector.http.enabled", NEO4J_PORTS],
      ["Neo4j", "dbms.memory.heap.initial_size", instead("heapMiB")],
      ["Neo4j", "dbms.directories.transaction.logs.root", NEO4J_FOLDERS],
      ["Neo4j", "dbms.jvm.additional", JAVA],
      ["Neo4j", "dbms.default_database", "Its one database is called neo4j, which the probe asks: leave it out."],
    ] as const
  ).map(([kind, setting, said]): (typeof TABLE)[number] => [
    kind,
    { settings: { [setting]: "yes" } },
    `settings.${setting}: ${said}`,
  ]),
  [
    "Minio",
    { settings: { REGION: "eu" } },
    'settings.REGION: should be a variable of MinIO\'s (MINIO_, then A-Z, 0-9 and _), got "REGION"',
  ],
  ["Minio", { settings: { MINIO_ROOT_USER: "me" } }, `settings.MINIO_ROOT_USER: ${instead("rootUser")}`],
  ["Minio", { settings: { MINIO_ROOT_PASSWORD: "hunter22" } }, `settings.MINIO_ROOT_PASSWORD: ${instead("password")}`],
  ["Minio", { settings: { MINIO_MEMLIMIT: "1GiB" } }, `settings.MINIO_MEMLIMIT: ${instead("memoryMiB")}`],
  [
    "Neo4j",
    { settings: { "db.a__b": "1" } },
    'settings.db.a__b: should be a setting\'s name (words of letters and digits, with a dot or _ between them), got "db.a__b"',
  ],
  [
    "Neo4j",
    { settings: { "db.a": "C:\\x" } },
    "settings.db.a: should be a text without backslashes, control characters and blanks at its ends, a number, true or false, got " +
      '"C:\\\\x"',
  ],
  [
    "Neo4j",
    { settings: { "server.memory.heap.max_size": "1g" } },
    `settings.server.memory.heap.max_size: ${instead("heapMiB")}`,
  ],
  [
    "Neo4j",
    { settings: { "server.memory.pagecache.size": "1g" } },
    `settings.server.memory.pagecache.size: ${instead("pageCacheMiB")}`,
  ],
  ["Qdrant", { settings: { service: { api_key: "hunter22" } } }, `settings.service.api_key: ${instead("apiKey")}`],
  [
    "Qdrant",
    { settings: { storage: { Wal: 1 } } },
    'settings.storage.Wal: should be a setting\'s name (a-z, 0-9 and _), got "Wal"',
  ],
  [
    "Qdrant",
    { settings: { storage: { wal: [1] } } },
    `settings.storage.wal: should be ${VALUE}, or a section of such, got a list`,
  ],
  [
    "Ollama",
    { settings: { OLLAMA_HOST: "0.0.0.0" } },
    "settings.OLLAMA_HOST: Its port is always 11434, which `connection` names: set `hostPort` to publish it on another one.",
  ],
  ["Postgres", { lifecycle: "forever" }, `lifecycle: ${LIFECYCLE} "forever"`],
  ["Postgres", { memoryMiB: 1.5 }, `memoryMiB: ${MIB} 1.5`],
  ["Postgres", { memoryMiB: 5 }, `memoryMiB: ${MIB} 5`],
  ["Postgres", { cpus: 0.25 }, `cpus: ${CPUS} 0.25`],
  ["Postgres", { readyTimeoutSeconds: 0 }, `readyTimeoutSeconds: ${SECONDS} 0`],
  ["Postgres", { stopGraceSeconds: 0.5 }, `stopGraceSeconds: ${SECONDS} 0.5`],
  ["Postgres", { tyop: 1 }, `tyop: ${UNKNOWN.Postgres}`],
  ["Postgres", { database: pulumi.output("app") }, "database: should be a text, got an output"],

  ["Redis", { password: {} }, `${PASSWORD} a value that is not shown`],
  ["Redis", { maxMemoryMiB: 0 }, "maxMemoryMiB: should be whole MiB, 1 or more, got 0"],
  ["Redis", { maxMemoryMiB: 97 }, `maxMemoryMiB: ${MAX_MEMORY} 97`],
  ["Redis", { maxMemoryMiB: 128 }, `maxMemoryMiB: ${MAX_MEMORY} 128`],
  ["Redis", { maxMemoryPolicy: "lru" }, `maxMemoryPolicy: ${POLICY} "lru"`],
  ["Redis", { appendOnly: "no" }, 'appendOnly: should be true or false, got "no"'],
  ["Redis", { hostPort: 1.5 }, `hostPort: ${PORT} 1.5`],
  ["Redis", { lifecycle: true }, `lifecycle: ${LIFECYCLE} true`],
  ["Redis", { maxConnections: 10 }, `maxConnections: ${UNKNOWN.Redis}`],

  ["Minio", { image: 7 }, "image: should be an image's name, or { registry, packages }, got 7"],
  ["Minio", { user: "minio" }, `user: ${USER} "minio"`],
  ["Minio", { rootUser: "ad" }, `rootUser: ${ROOT_USER} "ad"`],
  ["Minio", { rootUser: "a=b" }, `rootUser: ${ROOT_USER} "a=b"`],
  ["Minio", { password: "hunter2" }, `${ROOT_PASSWORD} a value that is not shown`],
  ["Minio", { password: "hunter:22" }, `${ROOT_PASSWORD} a value that is not shown`],
  ["Minio", { password: " hunter22" }, `${ROOT_PASSWORD} a value that is not shown`],
  ["Minio", { password: "hunter22 " }, `${ROOT_PASSWORD} a value that is not shown`],
  ["Minio", { password: "hunter\n22" }, `${ROOT_PASSWORD} a value that is not shown`],
  ["Minio", { hostPort: 0 }, `hostPort: ${PORT} 0`],
  ["Minio", { consoleHostPort: 65_536 }, `consoleHostPort: ${PORT} 65536`],
  [
    "Minio",
    { hostPort: 9000, consoleHostPort: 9000 },
    "consoleHostPort: should be another port than hostPort, got 9000",
  ],
  ["Minio", { database: "app" }, `database: ${UNKNOWN.Minio}`],
  [
    "Neo4j",
    { password: "hunter2" },
    "password: should be 8 characters or more, none a control character, got a value that is not shown",
  ],
  ["Neo4j", { hostPort: 0 }, `hostPort: ${PORT} 0`],
  ["Neo4j", { httpHostPort: 70_000 }, `httpHostPort: ${PORT} 70000`],
  ["Neo4j", { hostPort: 7687, httpHostPort: 7687 }, "httpHostPort: should be another port than hostPort, got 7687"],
  ["Neo4j", { heapMiB: 64 }, "heapMiB: should be whole MiB, 128 or more, got 64"],
  ["Neo4j", { pageCacheMiB: 4.5 }, "pageCacheMiB: should be whole MiB, 8 or more, got 4.5"],
  ["Neo4j", { heapMiB: 641 }, `memoryMiB: ${ROOM} heap and page cache (641 and 128 MiB), got nothing`],
  ["Neo4j", { memoryMiB: 512 }, `memoryMiB: ${ROOM} heap and page cache (256 and 64 MiB), got 512`],
  [
    "Neo4j",
    { memoryMiB: 2048, heapMiB: 1024, pageCacheMiB: 1024 },
    `memoryMiB: ${ROOM} heap and page cache (1024 and 1024 MiB), got 2048`,
  ],
  ["Neo4j", { lifecycle: "forever" }, `lifecycle: ${LIFECYCLE} "forever"`],
  ["Neo4j", { plugins: "apoc.jar" }, 'plugins: should be a list, got "apoc.jar"'],
  ["Neo4j", { plugins: ["apoc.jar"] }, `plugins.0: ${FILE} "apoc.jar"`],
  ["Neo4j", { plugins: ["package.json"] }, 'plugins.0: should be a jar file, got "package.json"'],
  [
    "Neo4j",
    { plugins: [JAR, JAR] },
    "plugins: should be files of different names, got [tests/e2e/programs/graph/greeting.jar, tests/e2e/programs/graph/greeting.jar]",
  ],

  ...["pg_notes", "public", "none", "template0", "template1"].map(
    (name) =>
      ["Postgres", { database: name }, `database: ${RESERVED} "${name}"`] as [Kind, Record<string, unknown>, string],
  ),
  ["PostgresSetup", { database: undefined }, "database: should be a Postgres, got nothing"],
  ["PostgresSetup", { database: "main" }, 'database: should be a Postgres, got "main"'],
  ["PostgresSetup", { extensions: "pg_trgm" }, 'extensions: should be a list, got "pg_trgm"'],
  ["PostgresSetup", { databases: ["my-db"] }, `databases.0: ${IDENTIFIER} "my-db"`],
  [
    "PostgresSetup",
    { databases: ["app"] },
    'databases.0: should be a database that the server does not have already, got "app"',
  ],
  [
    "PostgresSetup",
    { databases: ["reports", "postgres"] },
    'databases.1: should be a database that the server does not have already, got "postgres"',
  ],
  ["PostgresSetup", { roles: ["reader"] }, "roles: should be names with values, got a list"],
  ["PostgresSetup", { roles: { "a b": {} } }, `roles.a b: ${IDENTIFIER} "a b"`],
  [
    "PostgresSetup",
    { roles: { app: {} } },
    "roles.app: The server has a role of that name, or reserves it: choose another name.",
  ],
  [
    "PostgresSetup",
    { roles: { pg_reader: {} } },
    "roles.pg_reader: The server has a role of that name, or reserves it: choose another name.",
  ],
  [
    "PostgresSetup",
    { roles: { reader: { may: "all" } } },
    'roles.reader.may: should be one of none, read, write, own, got "all"',
  ],
  [
    "PostgresSetup",
    { roles: { reader: { database: "reports" } } },
    'roles.reader.database: should be one of `databases`, got "reports"',
  ],
  [
    "PostgresSetup",
    { roles: { owner: { may: "own" } } },
    'roles.owner.may: "app" already has an owner, and can have only one: set another right.',
  ],
  [
    "PostgresSetup",
    { databases: ["r"], roles: { one: { database: "r", may: "own" }, two: { database: "r", may: "own" } } },
    'roles.two.may: "r" already has an owner, and can have only one: set another right.',
  ],
  [
    "PostgresSetup",
    { roles: { reader: { password: "hunter22" } } },
    "roles.reader.password: should not be there; the options are database, may",
  ],
  ["PostgresSetup", { sql: ["none.sql"] }, `sql.0: ${FILE} "none.sql"`],
  ["PostgresSetup", { sql: ["examples/api/schema.sql", "examples"] }, `sql.1: ${FILE} "examples"`],
  ["PostgresSetup", { sql: [7] }, "sql.0: should be a text, got 7"],
  ["PostgresSetup", { sql: [{ file: "none.sql" }] }, `sql.0.file: ${FILE} "none.sql"`],
  [
    "PostgresSetup",
    { sql: [{ file: "package.json", once: true }] },
    "sql.0.once: should not be there; the options are file, transaction, includes",
  ],
  [
    "PostgresSetup",
    { sql: [{ file: "package.json", transaction: "no" }] },
    'sql.0.transaction: should be true or false, got "no"',
  ],
  [
    "PostgresSetup",
    { sql: [{ file: "package.json", includes: ["none"] }] },
    'sql.0.includes.0: should be a file or folder that is there, got "none"',
  ],
  ["PostgresSetup", { timeoutSeconds: 100_000 }, `timeoutSeconds: ${SECONDS} 100000`],

  ["MinioSetup", { storage: undefined }, "storage: should be a Minio, got nothing"],
  ["MinioSetup", { buckets: undefined }, "buckets: should be names with values, got nothing"],
  ["MinioSetup", { buckets: {} }, "buckets: should be at least one bucket, got {}"],
  ["MinioSetup", { buckets: { Uploads: {} } }, `buckets.Uploads: ${BUCKET} "Uploads"`],
  ["MinioSetup", { buckets: { "a;b": {} } }, `buckets.a;b: ${BUCKET} "a;b"`],
  ["MinioSetup", { buckets: { minio: {} } }, `buckets.minio: ${OTHER_BUCKET} "minio"`],
  ["MinioSetup", { buckets: { "10.0.0.1": {} } }, `buckets.10.0.0.1: ${OTHER_BUCKET} "10.0.0.1"`],
  ["MinioSetup", { buckets: { kept: true } }, "buckets.kept: should be a set of options, got true"],
  [
    "MinioSetup",
    { buckets: { kept: { versioning: "on" } } },
    'buckets.kept.versioning: should be true or false, got "on"',
  ],
  [
    "MinioSetup",
    { buckets: { kept: { expireAfterDays: 0 } } },
    "buckets.kept.expireAfterDays: should be a whole number, 1 to 36500, got 0",
  ],
  [
    "MinioSetup",
    { buckets: { kept: { anonymous: "upload" } } },
    'buckets.kept.anonymous: should be one of none, download, got "upload"',
  ],
  [
    "MinioSetup",
    { buckets: { kept: { acl: "none" } } },
    "buckets.kept.acl: should not be there; the options are versioning, expireAfterDays, anonymous",
  ],
  ["MinioSetup", { timeoutSeconds: 0 }, `timeoutSeconds: ${SECONDS} 0`],
  ["Neo4jSetup", { database: undefined }, "database: should be a Neo4j, got nothing"],
  ["Neo4jSetup", { database: "graph" }, 'database: should be a Neo4j, got "graph"'],
  ["Neo4jSetup", { cypher: undefined }, "cypher: should be a list, got nothing"],
  ["Neo4jSetup", { cypher: [] }, "cypher: should be at least one file, got []"],
  ["Neo4jSetup", { cypher: ["package.json", "none.cypher"] }, `cypher.1: ${FILE} "none.cypher"`],
  ["Neo4jSetup", { timeoutSeconds: 0 }, `timeoutSeconds: ${SECONDS} 0`],
  ["Qdrant", { apiKey: "abc" }, `${KEY} a value that is not shown`],
  ["Qdrant", { apiKey: 1_234_567 }, `${KEY} a value that is not shown`],
  ["Qdrant", { apiKey: "two words" }, `apiKey: ${HEADER} a value that is not shown`],
  ["Qdrant", { apiKey: "schlüssel" }, `apiKey: ${HEADER} a value that is not shown`],
  ["Qdrant", { hostPort: 0 }, `hostPort: ${PORT} 0`],
  ["Qdrant", { grpcHostPort: 65_536 }, `grpcHostPort: ${PORT} 65536`],
  ["Qdrant", { hostPort: 6333, grpcHostPort: 6333 }, "grpcHostPort: should be another port than hostPort, got 6333"],
  ["Qdrant", { lifecycle: "ever" }, `lifecycle: ${LIFECYCLE} "ever"`],
  ["Qdrant", { password: "abcdefgh" }, `password: ${UNKNOWN.Qdrant}`],

  ["QdrantSetup", { database: undefined }, "database: should be a Qdrant, got nothing"],
  ["QdrantSetup", { collections: [] }, "collections: should be names with values, got a list"],
  ["QdrantSetup", { collections: { "a b": { size: 4 } } }, `collections.a b: ${COLLECTION} "a b"`],
  ["QdrantSetup", { collections: { "../a": { size: 4 } } }, `collections.../a: ${COLLECTION} "../a"`],
  ["QdrantSetup", { collections: { "": { size: 4 } } }, `collections."": ${COLLECTION} ""`],
  ["QdrantSetup", { collections: { notes: {} } }, "collections.notes.size: should be a number, got nothing"],
  [
    "QdrantSetup",
    { collections: { notes: { size: 0 } } },
    "collections.notes.size: should be a whole number, 1 to 65536, got 0",
  ],
  [
    "QdrantSetup",
    { collections: { notes: { size: 4, distance: "cosine" } } },
    'collections.notes.distance: should be one of Cosine, Dot, Euclid, Manhattan, got "cosine"',
  ],
  [
    "QdrantSetup",
    { collections: { notes: { size: 4, hnsw: {} } } },
    "collections.notes.hnsw: should not be there; the options are size, distance",
  ],
  ["QdrantSetup", { timeoutSeconds: 0 }, `timeoutSeconds: ${SECONDS} 0`],

  ["Ollama", { hostPort: -1 }, `hostPort: ${PORT} -1`],
  ["Ollama", { egress: "yes" }, 'egress: should be true or false, got "yes"'],
  ["Ollama", { lifecycle: 1 }, `lifecycle: ${LIFECYCLE} 1`],
  ["Ollama", { cpus: 0 }, `cpus: ${CPUS} 0`],
  ["Ollama", { gpu: true }, "gpu: should not be there; did you mean `gpus`?"],
  ["Ollama", { gpus: true }, 'gpus: should be "all", or a number from 1 to 64, got true'],
  ["Ollama", { gpus: 0 }, 'gpus: should be "all", or a number from 1 to 64, got 0'],
  ["Ollama", { gpus: "2" }, 'gpus: should be "all", or a number from 1 to 64, got "2"'],

  ["OllamaModels", { database: undefined }, "database: should be an Ollama, got nothing"],
  ["OllamaModels", { models: ["tiny"] }, "models: should be names with values, got a list"],
  ["OllamaModels", { models: { "a b": { from: "base" } } }, `models.a b: ${MODEL} "a b"`],
  ["OllamaModels", { models: { "../x": { from: "base" } } }, `models.../x: ${MODEL} "../x"`],
  ["OllamaModels", { models: { tiny: { from: "b:c:d" } } }, `models.tiny.from: ${MODEL} "b:c:d"`],
  [
    "OllamaModels",
    { models: { tiny: { from: "b", top_k: 1 } } },
    "models.tiny.top_k: should not be there; the options are from, system, template, parameters",
  ],
  [
    "OllamaModels",
    { models: { tiny: { system: "Be brief." } } },
    "models.tiny.from: Name a model to make it from: one that is pulled cannot have its own system.",
  ],
  [
    "OllamaModels",
    { models: { tiny: {} } },
    "models.tiny.from: Its Ollama has no egress and cannot pull it: name a model to make it from, or set `egress: true` there.",
  ],
  ...[null, { a: 1 }, [1]].map(
    (stop) =>
      [
        "OllamaModels",
        { models: { tiny: { from: "b", parameters: { stop } } } },
        `models.tiny.parameters.stop: should be a text, a number, true or false, or a list of texts, got ${stop === null ? "null" : Array.isArray(stop) ? "a list" : "an object"}`,
      ] as [Kind, Record<string, unknown>, string],
  ),
  ["OllamaModels", { timeoutSeconds: -1 }, `timeoutSeconds: ${SECONDS} -1`],

  ["SetupJob", { image: "" }, `image: should be an image's name, or { registry, packages }, got ""`],
  [
    "SetupJob",
    { image: { name: "alpine" } },
    "image: should be an image's name, or { registry, packages }, got { name }",
  ],
  ["SetupJob", { egress: "no" }, 'egress: should be true or false, got "no"'],
  [
    "SetupJob",
    { command: [] },
    "command: The engine takes the image's own for an empty one: leave it out, or name the image's program in `entrypoint`, which " +
      "has no command then.",
  ],
  [
    "SetupJob",
    { entrypoint: [], command: undefined },
    "entrypoint: Without an entry point the command is the program: say which in `command`.",
  ],
  ["SetupJob", { command: "true" }, 'command: should be a list, as ["true"], got "true"'],
  [
    "SetupJob",
    { command: ["sh", ""] },
    `command.1: should be a text that is not empty (the provider passes on no empty one; a shell can: ["sh", "-c", "exec PROGRAM ''"]), got ""`,
  ],
  ["SetupJob", { uses: { db: "main" } }, `uses.db: ${USES} "main"`],
  ["SetupJob", { env: { A: null } }, "env.A: should be a text, a number, true or false, got null"],
  ["SetupJob", { env: { A: Number.NaN } }, "env.A: should be a text, a number, true or false, got NaN"],
  ["SetupJob", { env: { "A B": "x" } }, `env.A B: ${VARIABLE} "A B"`],
  ["SetupJob", { files: { "seed.sh": "none.sh" } }, `files.seed.sh: ${FILE} "none.sh"`],
  ["SetupJob", { files: { "../seed.sh": "package.json" } }, `files.../seed.sh: ${FILE_NAME} "../seed.sh"`],
  ["SetupJob", { user: "root" }, `user: ${USER} "root"`],
  ["SetupJob", { memoryMiB: -1 }, `memoryMiB: ${MIB} -1`],
  [
    "SetupJob",
    { files: { a: "package.json" }, mounts: { docs: "/run/files" } },
    `mounts.docs: the folder of its files is at /run/files already. ${ANOTHER_PATH}`,
  ],
  [
    "SetupJob",
    { secrets: { KEY: { value: "abcd", path: "/tmp/key" } } },
    `secrets.KEY.path: \`tmpfs\` is at /tmp already. ${ANOTHER_PATH}`,
  ],
  [
    "SetupJob",
    { mounts: { docs: "/in", tests: "/in/." } },
    `mounts.tests: \`mounts.docs\` is at /in already. ${ANOTHER_PATH}`,
  ],

  ["Api", { build: undefined }, "image: Say which image it runs: `image`, or `build` for one that is built."],
  [
    "Api",
    { build: "examples/api" },
    'build: should be a set of options, as { context: "examples/api" }, got "examples/api"',
  ],
  ["Api", { build: { context: "examples" } }, 'build.context: should be a folder with a Dockerfile, got "examples"'],
  ["Api", { build: { context: "none" } }, 'build.context: should be a folder, got "none"'],
  [
    "Api",
    { build: { context: "examples/api", tagret: "x" } },
    "build.tagret: should not be there; did you mean `target`?",
  ],
  ["Api", { build: { context: "examples/api", target: 1 } }, "build.target: should be a text, got 1"],
  [
    "Api",
    { develop: { mounts: { "examples/none": "/app" }, command: ["a"] } },
    'develop.mounts.examples/none: should be a folder, got "examples/none"',
  ],
  [
    "Api",
    { develop: { mounts: { examples: "app" }, command: ["a"] } },
    'develop.mounts.examples: should be an absolute path inside the container, got "app"',
  ],
  ["Api", { develop: { mounts: {}, command: [] } }, "develop.command: should be at least a program, got []"],
  ["Api", { hotReload: "yes" }, 'hotReload: should be true or false, got "yes"'],
  ["Api", { port: 0 }, `port: ${PORT} 0`],
  ["Api", { uses: { "my-db": null } }, `uses.my-db: ${REFERENCE} "my-db"`],
  ["Api", { uses: [] }, "uses: should be names with values, as { database }, got a list"],
  ["Api", { env: { PORT: "1" } }, `env.PORT: ${twice("port", "PORT")}`],
  ["Api", { secrets: { PORT: "1234" } }, `secrets.PORT: ${twice("port", "PORT")}`],
  ["Api", { env: { "1A": "x" } }, `env.1A: ${VARIABLE} "1A"`],
  [
    "Api",
    { secrets: { KEY: "abc" } },
    "secrets.KEY: should be 4 characters or more, none a control character but line breaks and tabs, got a value that is not shown",
  ],
  ["Api", { secrets: "abcd" }, "secrets: should be names with values, got a value that is not shown"],
  ["Api", { secrets: { "A-B": "abcd" } }, `secrets.A-B: ${VARIABLE} "A-B"`],
  ["Api", { env: { KEY: "1" }, secrets: { KEY: "abcd" } }, `env.KEY: ${twice("secrets.KEY", "KEY")}`],
  ["Api", { env: { KEY_FILE: "1" }, secrets: { KEY: "abcd" } }, `env.KEY_FILE: ${twice("secrets.KEY", "KEY_FILE")}`],
  [
    "Api",
    { secrets: { Token: "abcd", TOKEN: "abcd" } },
    `secrets.TOKEN: ${twice("secrets.Token", "/run/secrets/token")}`,
  ],
  ["Api", { secrets: { KEY: "abcd", KEY_FILE: "abcd" } }, `secrets.KEY_FILE: ${twice("secrets.KEY", "KEY_FILE")}`],
  [
    "Api",
    { secrets: { KEY: "abcd" }, env: { KEY: "1" }, credentials: "environment" },
    `env.KEY: ${twice("secrets.KEY", "KEY")}`,
  ],
  [
    "Api",
    { volumes: { a: "/data", b: { path: "/data", lifecycle: "ephemeral" } } },
    `volumes.b: \`volumes.a\` is at /data already. ${ANOTHER_PATH}`,
  ],
  [
    "Api",
    { mounts: { docs: "/docs" }, tmpfs: { "/docs": {} } },
    `tmpfs./docs: \`mounts.docs\` is at /docs already. ${ANOTHER_PATH}`,
  ],
  [
    "Api",
    { develop: { mounts: { docs: "/docs" }, command: ["a"] }, volumes: { docs: "/docs" } },
    `develop.mounts.docs: \`volumes.docs\` is at /docs already. ${ANOTHER_PATH}`,
  ],
  [
    "Api",
    { secrets: { KEY: { value: "abcd", path: "/etc/key" } } },
    "secrets.KEY.path: no place for a file of the engine's can be made in it, where it can only be read. Give it another path.",
  ],
  [
    "Api",
    { secrets: { KEY: "abcd" }, files: { "/run/secrets/conf": "package.json" } },
    `files./run/secrets/conf: the folder of its secrets is at /run/secrets, where it can only be read: no place for conf can be made in it. ${ANOTHER_PATH}`,
  ],
  [
    "Api",
    { probe: { http: "/" }, tmpfs: { "/run/stackyard": {} } },
    `tmpfs./run/stackyard: the program of its probe is at /run/stackyard already. ${ANOTHER_PATH}`,
  ],
  ["Api", { credentials: "env" }, 'credentials: should be one of files, environment, got "env"'],
  [
    "Api",
    { probe: undefined },
    'probe: should be a command, { http }, { tcp }, { shell }, "image" or "none", got nothing',
  ],
  ["Api", { probe: [] }, "probe: should be at least a program, got []"],
  ["Api", { probe: [1] }, "probe.0: should be a text, got 1"],
  ["Api", { user: "node:node" }, `user: ${USER} "node:node"`],
  ["Api", { egress: 1 }, "egress: should be true or false, got 1"],
  ["Api", { memory: 64 }, "memory: should not be there; did you mean `memoryMiB`?"],
];

describe("one fault in the arguments, and nothing is registered", () => {
  test.each(TABLE)("%s %j: %s", async (kind, args, fault) => {
    expect(await refused(kind, args)).toEqual({
      message: `${kind} "one" has bad arguments\n  ${fault}`,
      registered: 0,
    });
  });

  test("PostgresSetup of another database", async () => {
    expect((await refused("PostgresSetup", { database: cache })).message).toBe(
      'PostgresSetup "one" has bad arguments\n  database: should be a Postgres, got a Redis',
    );
  });

  test("QdrantSetup of another database", async () => {
    expect((await refused("QdrantSetup", { database })).message).toBe(
      'QdrantSetup "one" has bad arguments\n  database: should be a Qdrant, got a Postgres',
    );
  });

  test.each<[Kind, Record<string, unknown>, string]>([
    ["SetupJob", { image: { registry: 3 } }, "image"],
    ["SetupJob", { image: { registry: "alpine:3", package: "alpine" } }, "image"],
    ["Api", { build: { context: "examples/api", images: { NODE_IMAGE: "node:24" } } }, "build.images.NODE_IMAGE"],
  ])("%s %j: an image that is none, at %s", async (kind, args, path) => {
    const { message, registered } = await refused(kind, args);
    expect({ start: message.slice(0, message.indexOf("\n  ") + 3 + path.length), registered }).toEqual({
      start: `${kind} "one" has bad arguments\n  ${path}`,
      registered: 0,
    });
  });

  test.each(Object.keys(GOOD) as Kind[])("a bad name of a %s", async (kind) => {
    expect(await refused(kind, {}, "My_One")).toEqual({
      message: `${kind} "My_One" has bad arguments\n  name: ${NAME} "My_One"`,
      registered: 0,
    });
  });

  test.each(["localhost", "ip6-allnodes"])("a name that every container has for something else: %s", async (name) => {
    expect(await refused("Redis", {}, name)).toEqual({
      message: `Redis "${name}" has bad arguments\n  name: should be another name, because in every container this one is the container itself or an address of its network, got "${name}"`,
      registered: 0,
    });
  });

  test("the table has many rules", () => {
    expect(
      new Set(TABLE.map(([kind, , fault]) => `${kind} ${fault.replace(/, got .*/, "")}`)).size,
    ).toBeGreaterThanOrEqual(40);
  });
});

describe("several faults, all in one message", () => {
  test.each<[Kind, string, Record<string, unknown>, string[]]>([
    [
      "Postgres",
      "main",
      { hostPort: 70_000, memoryMiB: 1.5, tyop: true },
      [`hostPort: ${PORT} 70000`, `memoryMiB: ${MIB} 1.5`, `tyop: ${UNKNOWN.Postgres}`],
    ],
    [
      "Redis",
      "Main",
      { platform: undefined, password: 7, a: 1, b: 2 },
      [
        `name: ${NAME} "Main"`,
        "platform: should be a Platform, got nothing",
        `${PASSWORD} a value that is not shown`,
        `a: ${UNKNOWN.Redis}`,
        `b: ${UNKNOWN.Redis}`,
      ],
    ],
    [
      "SetupJob",
      "seed",
      { command: ["", 7], files: { a: "none", b: "none" }, env: { A: [1] } },
      [
        `command.0: should be a text that is not empty (the provider passes on no empty one; a shell can: ["sh", "-c", "exec PROGRAM ''"]), got ""`,
        "command.1: should be a text, got 7",
        "env.A: should be a text, a number, true or false, got [1]",
        `files.a: ${FILE} "none"`,
        `files.b: ${FILE} "none"`,
      ],
    ],
    [
      "Api",
      "api",
      { build: { context: "none", tagret: "x" }, probe: [], uses: { db: 1, "my-cache": database } },
      [
        'build.context: should be a folder, got "none"',
        "build.tagret: should not be there; did you mean `target`?",
        `uses.db: ${USES} 1`,
        `uses.my-cache: ${REFERENCE} "my-cache"`,
        "probe: should be at least a program, got []",
      ],
    ],
  ])("%s %s", async (kind, name, args, faults) => {
    const given = "uses" in args ? { ...args, uses: { db: 1, "my-cache": database } } : args;
    expect(await refused(kind, given, name)).toEqual({
      message: [`${kind} "${name}" has bad arguments`, ...faults.map((fault) => `  ${fault}`)].join("\n"),
      registered: 0,
    });
  });
});

describe("settings", () => {
  const MIRROR = "should be a registry's host, with port and path where it has them, got";
  const refusedSettings = async (config: Record<string, string>, stack = "dev") => {
    vi.stubEnv("STACKYARD_DOWN", undefined);
    mock({ stack });
    pulumi.runtime.setAllConfig(
      Object.fromEntries(
        Object.entries({ program: "polyglot", ...config }).map(([key, value]) => [`stackyard:${key}`, value]),
      ),
    );
    try {
      await readSettings("stacks");
    } catch (error) {
      if (!(error instanceof ArgsError)) throw error;
      return error.message.split("\n");
    }
    throw new Error("they are not refused");
  };

  test.each<[Record<string, string>, string]>([
    [{ program: "webshop" }, 'program: should be one of polyglot, webapp, got "webshop"'],
    [{ environment: "staging" }, 'environment: should be one of dev, prod, got "staging"'],
    [{ environment: "true" }, "environment: should be one of dev, prod, got true"],
    [{ imageSource: "mirror" }, 'imageSource: should be one of registry, packages, got "mirror"'],
    [{ imageMirror: "https://mirror.example.com" }, `imageMirror: ${MIRROR} "https://mirror.example.com"`],
    [{ imageMirror: "mirror.example.com/" }, `imageMirror: ${MIRROR} "mirror.example.com/"`],
    [{ imageMirror: "5000" }, "imageMirror: should be a text, got 5000"],
    [{ postgres: '{"hostPort":0}' }, `postgres.hostPort: ${PORT} 0`],
    [{ postgres: '{"memoryMiB":1.5}' }, `postgres.memoryMiB: ${MIB} 1.5`],
    [{ redis: '{"cpus":0.25}' }, `redis.cpus: ${CPUS} 0.25`],
    [{ redis: '{"port":6379}' }, "redis.port: should not be there; did you mean `hostPort`?"],
    [{ api: "3000" }, "api: should be a set of options, got 3000"],
    [{ api: "{hostPort: 3000}" }, 'api: should be a set of options, got "{hostPort: 3000}"'],
    [{ postgress: "{}" }, "postgress: should not be there; did you mean `postgres`?"],
  ])("%j", async (config, fault) => {
    expect(await refusedSettings(config)).toEqual(["stack dev has bad settings", `  ${fault}`]);
  });

  test("several faults, all in one message, with the stack's own file", async () => {
    expect(
      await refusedSettings({ environment: "x", postgres: '{"hostPort":0,"cpus":"1"}', foo: "hunter22" }, "alice"),
    ).toEqual([
      "stack alice has bad settings",
      '  environment: should be one of dev, prod, got "x"',
      `  postgres.hostPort: ${PORT} 0`,
      '  postgres.cpus: should be a number, got "1"',
      "  foo: should not be there; the options are postgres, redis, neo4j, qdrant, minio, ollama, api, proxy, program, environment, imageSource, imageMirror, subnetPool, ports, apiKeys",
    ]);
  });
});
