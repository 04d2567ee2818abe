import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Database } from "../../components/core/database.ts";
import { Minio, Neo4j, Ollama, Postgres, Qdrant, Redis } from "../../components/index.ts";
import { passwordOf } from "../unit/helpers/stack.ts";

/** What a database asks of the engine, as far as databases differ: one row each, for the tests without Docker, in which its name is `main`. */
export interface Facts {
  component: new (name: string, args: never) => Database;
  /** The resource of its image, by default. */
  image: string;
  /** Settings of the server, and the arguments and variables of its container for them. */
  settings: [object, unknown[]][];
  /** Limits, by default. */
  memoryMiB: number;
  pids: number;
  stopGraceSeconds: number;
  /** Inputs of its container, by default. */
  container: {
    command?: string[];
    envs: string[];
    user: string;
    shmSize?: number;
    hosts?: { host: string; ip: string }[];
    /** Beside /tmp, or /tmp itself. */
    tmpfs?: Record<string, string>;
    healthcheck: { tests: string[]; timeout?: string; startPeriod?: string; startInterval?: string };
  };
  dataPath: string;
  /** What the ledger records of its volume, without the origin of its credential. */
  recorded: { major?: string; firstStart?: Record<string, string> };
  /** Container ports by the arguments that publish them. */
  ports: { hostPort: number } & Record<string, number>;
  connection: {
    user?: string;
    database?: string;
    ports?: Record<string, number>;
    keys?: Record<string, string>;
  };
  url: (secret: string, at: string) => string;
  credential?: {
    /** The name of the argument, and of the connection's member. */
    name: "password" | "apiKey";
    resource: string;
    /** Whether the server reads it at its first start only. */
    fixed: boolean;
    /** The files that the server gets. */
    files: (secret: string) => Record<string, string>;
    /** The same for values that need quotes. */
    given: [string, Record<string, string>][];
  };
}

const httpProbe = (...request: [string, ...string[]]) => [
  "CMD",
  "bash",
  "-c",
  [...request, "read -r answer <&3", 'case $answer in "HTTP/1.1 200 "*) ;; *) echo "$answer"; exit 1 ;; esac'].join(
    "\n",
  ),
];

/** A program that starts a server in its container, beside the component. */
const program = (name: string) => readFileSync(new URL(`../../components/databases/${name}`, import.meta.url), "utf8");

/** The mark of a secret, whose key is the generated one. */
export const markOf = (secret: string) =>
  createHmac("sha256", passwordOf("main-password")).update(secret).digest("hex").slice(0, 16);

const postgresFiles = (password: string, escaped: string) => ({
  "start.sh": program("postgres-start.sh"),
  password,
  "password-mark": markOf(password),
  pgpass: `*:*:*:*:${escaped}\n`,
});

const redisFiles = (password: string, escaped: string) => ({
  "start.sh": program("redis-start.sh"),
  "redis.conf": `requirepass "${escaped}"\n`,
  password,
});

export const neo4jProbe = (password: string) =>
  `header = Authorization: Basic ${Buffer.from(`neo4j:${password}`).toString("base64")}
header = Content-Type: application/json
post_data = {"statement":"RETURN 1"}
output_document = -
quiet = on
timeout = 9
tries = 1
`;
const neo4jFiles = (initial: string, password: string) => ({
  "first-start.sh":
    "[ -d /data/databases/system ] || neo4j-admin dbms set-initial-password @/run/secrets/initial-password\n",
  "initial-password": initial,
  "probe.wgetrc": neo4jProbe(password),
});

const minioFiles = (secret: string) => ({
  "root-user": "stackyard",
  "root-password": secret,
  "mc.env": `MC_HOST_server=http://stackyard:${secret}@main:9000\n`,
});

/** A value that would need quotes in a shell or in a configuration file. */
export const QUOTED = `it's "here" $HOME %s; -- #`;

export const FACTS = {
  Postgres: {
    component: Postgres,
    settings: [
      [{ work_mem: "6MB", "app.note": QUOTED }, ["-c", "work_mem=6MB", "-c", `app.note=${QUOTED}`]],
      [
        { jit: false, random_page_cost: 1.1, search_path: "" },
        ["-c", "jit=false", "-c", "random_page_cost=1.1", "-c", "search_path="],
      ],
    ],
    image: "image-postgres-17",
    memoryMiB: 512,
    pids: 256,
    stopGraceSeconds: 60,
    container: {
      command: ["bash", "/run/secrets/start.sh", "postgres", "-c", "max_connections=100"],
      envs: [
        "POSTGRES_USER=app",
        "POSTGRES_DB=app",
        "POSTGRES_PASSWORD_FILE=/run/secrets/password",
        "PGPASSFILE=/run/secrets/pgpass",
        "PGCONNECT_TIMEOUT=3",
      ],
      user: "999:999",
      shmSize: 1_048_576,
      tmpfs: { "/var/run/postgresql": "uid=999,gid=999,mode=3777,size=16m" },
      healthcheck: {
        tests: [
          "CMD",
          "psql",
          "--no-psqlrc",
          "--host",
          "main",
          "--username",
          "app",
          "--dbname",
          "app",
          "--command",
          "select 1",
        ],
      },
    },
    dataPath: "/var/lib/postgresql/data",
    recorded: { major: "17", firstStart: { database: "app" } },
    ports: { hostPort: 5432 },
    connection: { user: "app", database: "app" },
    url: (secret, at) => `postgresql://app:${secret}@${at}/app`,
    credential: {
      name: "password",
      resource: "main-password",
      fixed: false,
      files: (secret) => postgresFiles(secret, secret),
      given: [['h:u\\nt"er22', postgresFiles('h:u\\nt"er22', 'h\\:u\\\\nt"er22')]],
    },
  },
  Redis: {
    component: Redis,
    settings: [
      [
        { "notify-keyspace-events": "Ex", "proc-title-template": QUOTED },
        ["--notify-keyspace-events", "Ex", "--proc-title-template", QUOTED],
      ],
      [{ databases: 32, save: "" }, ["--databases", "32", '--save ""']],
    ],
    image: "image-redis-8",
    memoryMiB: 128,
    pids: 256,
    stopGraceSeconds: 30,
    container: {
      command: [
        "sh",
        "/run/secrets/start.sh",
        "aof",
        "redis-server",
        "/run/secrets/redis.conf",
        "--dir",
        "/data",
        "--appendonly",
        "yes",
        "--maxmemory",
        "64mb",
        "--maxmemory-policy",
        "noeviction",
      ],
      envs: [],
      user: "999:999",
      healthcheck: {
        tests: ["CMD-SHELL", 'REDISCLI_AUTH="$(cat /run/secrets/password)" redis-cli -h main ping | grep -x PONG'],
        timeout: "3s",
      },
    },
    dataPath: "/data",
    recorded: { major: "8" },
    ports: { hostPort: 6379 },
    connection: { user: "default" },
    url: (secret, at) => `redis://default:${secret}@${at}`,
    credential: {
      name: "password",
      resource: "main-password",
      fixed: false,
      files: (secret) => redisFiles(secret, secret),
      given: [['a"b\\c d', redisFiles('a"b\\c d', 'a\\"b\\\\c d')]],
    },
  },
  Minio: {
    component: Minio,
    settings: [
      [{ MINIO_REGION: "eu-1", MINIO_REGION_COMMENT: QUOTED }, ["MINIO_REGION=eu-1", `MINIO_REGION_COMMENT=${QUOTED}`]],
    ],
    image: "image-quay-io-minio-minio-RELEASE-2025-09-07T16-13-09Z",
    memoryMiB: 512,
    pids: 1024,
    stopGraceSeconds: 30,
    container: {
      command: ["minio", "server", "/data", "--address", ":9000", "--console-address", ":9001"],
      envs: [
        "MINIO_ROOT_USER_FILE=/run/secrets/root-user",
        "MINIO_ROOT_PASSWORD_FILE=/run/secrets/root-password",
        "MINIO_BROWSER=off",
        "MINIO_UPDATE=off",
        "MINIO_MEMLIMIT=256MiB",
        "MC_CONFIG_ENV_FILE=/run/secrets/mc.env",
        "MC_CONFIG_DIR=/tmp/.mc",
      ],
      user: "0:0",
      healthcheck: { tests: ["CMD", "mc", "ls", "server/"], timeout: "3s" },
    },
    dataPath: "/data",
    recorded: { firstStart: { user: "0:0" } },
    ports: { hostPort: 9000, consoleHostPort: 9001 },
    connection: {
      user: "stackyard",
      ports: { console: 9001 },
      keys: { access_key: "stackyard", secret_key: "madeFormainpassword0123456789" },
    },
    url: (secret, at) => `http://stackyard:${secret}@${at}`,
    credential: {
      name: "password",
      resource: "main-password",
      fixed: false,
      files: minioFiles,
      // Not encoded, because mc decodes nothing.
      given: [["a@b/c d%20", minioFiles("a@b/c d%20")]],
    },
  },
  Neo4j: {
    component: Neo4j,
    settings: [
      [
        { "db.transaction.timeout": "30s", "db.tx_log.rotation.size": 1048576 },
        ["NEO4J_db_transaction_timeout=30s", "NEO4J_db_tx__log_rotation_size=1048576"],
      ],
      [
        { "server.jvm.additional": "-Dshop=1" },
        [
          expect.stringMatching(
            /^NEO4J_server_jvm_additional=-XX:.* --enable-native-access=ALL-UNNAMED -XX:TieredStopAtLevel=1 -Dshop=1$/,
          ),
        ],
      ],
    ],
    image: "image-neo4j-5-26-community",
    memoryMiB: 1024,
    pids: 2048,
    stopGraceSeconds: 60,
    container: {
      envs: [
        "EXTENSION_SCRIPT=/run/secrets/first-start.sh",
        "NEO4J_server_memory_heap_initial__size=512m",
        "NEO4J_server_memory_heap_max__size=512m",
        "NEO4J_server_memory_pagecache_size=128m",
        "NEO4J_server_jvm_additional=-XX:+UseG1GC -XX:-OmitStackTraceInFastThrow -XX:+DisableExplicitGC " +
          "-Djdk.nio.maxCachedBufferSize=1024 -Dio.netty.tryReflectionSetAccessible=true -Djdk.tls.ephemeralDHKeySize=2048 " +
          "-Djdk.tls.rejectClientInitiatedRenegotiation=true -Dlog4j2.disable.jmx=true " +
          "--add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED " +
          "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED --enable-native-access=ALL-UNNAMED -XX:TieredStopAtLevel=1",
        "NEO4J_server_directories_logs=/data/logs",
        "NEO4J_server_directories_run=/tmp",
        "NEO4J_server_directories_import=import",
        "NEO4J_db_tx__log_rotation_retention__policy=2 days 2G",
        "NEO4J_dbms_usage__report_enabled=false",
        "NEO4J_internal_dbms_bolt_netty__server__shutdown__quiet__period=0",
      ],
      user: "7474:7474",
      hosts: [{ host: "0.0.0.0", ip: "0.0.0.0" }],
      tmpfs: {
        "/tmp": "exec,mode=1777,size=64m",
        "/var/lib/neo4j/conf": "uid=7474,gid=7474,mode=0700,size=1m",
        "/logs": "uid=7474,gid=7474,mode=0700,size=1m",
      },
      healthcheck: {
        tests: ["CMD", "wget", "--config=/run/secrets/probe.wgetrc", "http://main:7474/db/neo4j/query/v2"],
        timeout: "10s",
        startPeriod: "2m0s",
        startInterval: "500ms",
      },
    },
    dataPath: "/data",
    recorded: { major: "5" },
    ports: { hostPort: 7687, httpHostPort: 7474 },
    connection: { user: "neo4j", ports: { http: 7474 } },
    url: (secret, at) => `bolt://neo4j:${secret}@${at}`,
    credential: {
      name: "password",
      resource: "main-password",
      fixed: true,
      files: (secret) => neo4jFiles(`-- "${secret}"\n`, secret),
      given: [
        ['a"b\\c d#e', neo4jFiles('-- "a\\"b\\\\c d#e"\n', 'a"b\\c d#e')],
        ["@secret/file", neo4jFiles('-- "@@secret/file"\n', "@secret/file")],
        ["--help me", neo4jFiles('-- "--help me"\n', "--help me")],
      ],
    },
  },
  Qdrant: {
    component: Qdrant,
    settings: [
      [
        { log_level: QUOTED, storage: { on_disk_payload: true, performance: { max_search_threads: 2 } } },
        [
          `QDRANT__LOG_LEVEL=${QUOTED}`,
          "QDRANT__STORAGE__ON_DISK_PAYLOAD=true",
          "QDRANT__STORAGE__PERFORMANCE__MAX_SEARCH_THREADS=2",
        ],
      ],
    ],
    image: "image-qdrant-qdrant-v1-19-0-unprivileged",
    memoryMiB: 256,
    pids: 4096,
    stopGraceSeconds: 30,
    container: {
      command: ["./qdrant", "--config-path", "/run/secrets/config.yaml"],
      envs: [
        "QDRANT__STORAGE__SNAPSHOTS_PATH=/qdrant/storage/snapshots",
        "QDRANT__TELEMETRY_DISABLED=true",
        "QDRANT_INIT_FILE_PATH=/tmp/qdrant-initialized",
      ],
      user: "1000:1000",
      healthcheck: {
        tests: httpProbe(
          "exec 3<>/dev/tcp/main/6333 || exit 1",
          "printf 'GET /collections/stackyard/exists HTTP/1.1\\r\\nHost: main\\r\\nConnection: close\\r\\napi-key: %s\\r\\n\\r\\n' \"$(</run/secrets/api-key)\" >&3",
        ),
        timeout: "3s",
      },
    },
    dataPath: "/qdrant/storage",
    recorded: { major: "1" },
    ports: { hostPort: 6333, grpcHostPort: 6334 },
    connection: { ports: { grpc: 6334 } },
    // The key is not in it.
    url: (_, at) => `http://${at}`,
    credential: {
      name: "apiKey",
      resource: "main-api-key",
      fixed: false,
      files: (secret) => ({ "config.yaml": `service:\n  api_key: "${secret}"\n`, "api-key": secret }),
      given: [['a"b\\c#:d', { "config.yaml": 'service:\n  api_key: "a\\"b\\\\c#:d"\n', "api-key": 'a"b\\c#:d' }]],
    },
  },
  Ollama: {
    component: Ollama,
    settings: [
      [
        { OLLAMA_KEEP_ALIVE: "24h", OLLAMA_DEBUG: true, OLLAMA_NOTE: QUOTED },
        ["OLLAMA_KEEP_ALIVE=24h", "OLLAMA_DEBUG=true", `OLLAMA_NOTE=${QUOTED}`],
      ],
    ],
    image: "image-ollama-ollama-0-17-4",
    memoryMiB: 2048,
    pids: 4096,
    stopGraceSeconds: 30,
    container: {
      command: ["serve"],
      envs: ["OLLAMA_HOST=0.0.0.0:11434", "HOME=/home/ubuntu", "OLLAMA_MODELS=/home/ubuntu/.ollama/models"],
      user: "1000:1000",
      healthcheck: {
        tests: httpProbe(
          "exec 3<>/dev/tcp/main/11434 || exit 1",
          "printf 'GET /api/version HTTP/1.1\\r\\nHost: main\\r\\nConnection: close\\r\\n\\r\\n' >&3",
        ),
        timeout: "3s",
      },
    },
    dataPath: "/home/ubuntu",
    // No version is recorded, because each one reads the models of every other.
    recorded: {},
    ports: { hostPort: 11_434 },
    connection: {},
    url: (_, at) => `http://${at}`,
  },
} satisfies Record<string, Facts>;
