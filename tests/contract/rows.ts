import { createHash } from "node:crypto";
import { QdrantClient } from "@qdrant/js-client-rest";
import { Client as S3 } from "minio";
import neo4j from "neo4j-driver";
import { Ollama } from "ollama";
import pg from "pg";
import { createClient } from "redis";
import { type FACTS, QUOTED } from "./facts.ts";

/** What every database has to prove, as far as databases differ: one row each. A seventh takes a file in components/, a row here, one in facts.ts, and an imitation of its official image. */
export interface Row {
  /** The name of its class, and its key in the test program. */
  kind: keyof typeof FACTS;
  /** Arguments that differ from the defaults. */
  args: Record<string, unknown>;
  /** A setting among the arguments, as the server itself reports it. Undefined where it reports none. */
  setting?: { read(url: string): Promise<unknown>; expected: unknown };
  /** The memory limit that follows from the arguments. */
  memoryMiB: number;
  /** Through a real client on the host. @throws what the client throws, when the server does not let it in. */
  write(url: string, value: string): Promise<void>;
  read(url: string): Promise<string>;
  /** A client's error for a wrong password. Undefined where there are no passwords. */
  refused?: RegExp;
  /** Reads what was written, from a container of the server's own image on its network. */
  inside(url: URL): { command: string[]; env: Record<string, string> };
  /** A line of its log after a stop in order and a new start, and one that must not be there. `file` is the log where it prints less. */
  log: { clean: RegExp; dirty: RegExp; file?: string };
}

const password = (url: URL) => decodeURIComponent(url.password);

export const ROWS: Row[] = [
  {
    kind: "Postgres",
    args: { memoryMiB: 256, settings: { "app.note": QUOTED } },
    setting: { read: async (url) => (await sql(url, "show app.note"))[0], expected: QUOTED },
    memoryMiB: 256,
    write: async (url, value) => {
      await sql(url, "create table if not exists kept (value text)");
      await sql(url, "insert into kept values ($1)", value);
    },
    read: async (url) => (await sql(url, "select value from kept")).join(),
    refused: /password authentication failed/,
    inside: (url) => ({
      command: ["psql", "--host", url.hostname, "--username", url.username, "-Atc", "select value from kept"],
      env: { PGPASSWORD: password(url), PGDATABASE: url.pathname.slice(1) },
    }),
    log: { clean: /database system was shut down at/, dirty: /not properly shut down|recovery/ },
  },
  {
    kind: "Redis",
    // A value of several words in one argument; an empty one; and one that would need quotes.
    args: {
      settings: { "latency-tracking-info-percentiles": "50 99", save: "", "proc-title-template": QUOTED },
    },
    setting: {
      read: (url) => redis(url, "CONFIG", "GET", "latency-tracking-info-percentiles", "save", "proc-title-template"),
      expected: { "latency-tracking-info-percentiles": "50 99", save: "", "proc-title-template": QUOTED },
    },
    memoryMiB: 128,
    write: async (url, value) => void (await redis(url, "SET", "kept", value)),
    read: async (url) => String(await redis(url, "GET", "kept")),
    refused: /WRONGPASS/,
    inside: (url) => ({
      command: ["redis-cli", "-h", url.hostname, "get", "kept"],
      env: { REDISCLI_AUTH: password(url) },
    }),
    log: { clean: /DB loaded from append only file/, dirty: /short read|truncat|corrupt|bad file/i },
  },
  {
    kind: "Minio",
    args: { settings: { MINIO_PROMETHEUS_AUTH_TYPE: "public" } },
    // By default it would require a key.
    setting: {
      read: async (url) => (await fetch(`http://${new URL(url).host}/minio/v2/metrics/cluster`)).status,
      expected: 200,
    },
    memoryMiB: 512,
    write: async (url, value) => {
      if (!(await s3(url).bucketExists("kept"))) await s3(url).makeBucket("kept");
      await s3(url).putObject("kept", "kept", value);
    },
    read: async (url) =>
      (await s3(url).getObject("kept", "kept"))
        .setEncoding("utf8")
        .toArray()
        .then((all) => all.join("")),
    refused: /signature we calculated does not match/,
    inside: (url) => ({
      command: ["mc", "cat", "server/kept/kept"],
      env: { MC_HOST_server: url.href.replace(/\/$/, ""), MC_CONFIG_DIR: "/tmp/.mc" },
    }),
    // It does not log its stop; but it would format a volume that it does not recognise as its own.
    log: { clean: /MinIO Object Storage Server/, dirty: /formatting|heal|corrupt/i },
  },
  {
    kind: "Neo4j",
    // Java starts beside all the others, on a small machine.
    args: { readyTimeoutSeconds: 300, settings: { "db.tx_log.rotation.size": "2MiB" } },
    setting: {
      read: (url) => cypher(url, "SHOW SETTINGS 'db.tx_log.rotation.size' YIELD value RETURN value"),
      expected: ["2.00MiB"],
    },
    memoryMiB: 1024,
    write: async (url, value) => void (await cypher(url, "MERGE (it:Kept) SET it.value = $value", { value })),
    read: async (url) => (await cypher(url, "MATCH (it:Kept) RETURN it.value AS value")).join(),
    refused: /unauthorized/,
    inside: (url) => ({
      command: ["bash", "-c", "cypher-shell --format plain 'MATCH (it:Kept) RETURN it.value' | tail -n 1 | tr -d '\"'"],
      env: { NEO4J_ADDRESS: `bolt://${url.host}`, NEO4J_USERNAME: url.username, NEO4J_PASSWORD: password(url) },
    }),
    // Its log is with its data, so it has the lines of all starts.
    log: {
      clean: /Stopped 'DatabaseId.*\[neo4j\]}' successfully/,
      dirty: /Recovery required/,
      file: "/data/logs/debug.log",
    },
  },
  {
    kind: "Qdrant",
    args: {},
    memoryMiB: 256,
    write: async (url, value) => {
      const client = qdrant(url);
      await client.createCollection("kept", { vectors: { size: 2, distance: "Dot" } });
      await client.upsert("kept", { wait: true, points: [{ id: 1, vector: [1, 0], payload: { value } }] });
    },
    read: async (url) => {
      const { points } = await qdrant(url).query("kept", { query: [1, 0], limit: 1, with_payload: true });
      return String(points[0]?.payload?.value);
    },
    refused: /Unauthorized/,
    inside: (url) => ({
      command: [
        "bash",
        "-c",
        `exec 3<>/dev/tcp/${url.hostname}/${url.port}
        printf 'GET /collections/kept/points/1 HTTP/1.1\r\nHost: kept\r\nConnection: close\r\napi-key: %s\r\n\r\n' "$KEY" >&3
        grep --only-matching 'kept by [a-z]*' <&3`,
      ],
      env: { KEY: password(url) },
    }),
    // The stand-in logs its stop; the real server logs what it finds at its start.
    log: {
      clean: /it had been stopped in order|Recovered collection kept/,
      dirty: /not been stopped in order|Traceback|panic/i,
    },
  },
  {
    // It has no passwords: whoever reaches it can use it.
    kind: "Ollama",
    args: { settings: { OLLAMA_ORIGINS: "https://notes.example" } },
    setting: {
      read: (url) => Promise.all(["https://notes.example", "https://other.example"].map((each) => allowed(url, each))),
      expected: ["https://notes.example", null],
    },
    memoryMiB: 2048,
    write: async (url, value) => {
      const model = emptyModel();
      const digest = `sha256:${createHash("sha256").update(model).digest("hex")}`;
      const { ok } = await fetch(`${url}/api/blobs/${digest}`, { method: "POST", body: model });
      if (!ok) throw new Error("it does not take the model");
      // `files` is missing in the client's types.
      const request = { model: "kept", files: { "kept.gguf": digest }, system: value };
      await new Ollama({ host: url }).create(request);
    },
    read: async (url) => (await new Ollama({ host: url }).show({ model: "kept" })).system,
    inside: (url) => ({ command: ["ollama", "show", "--system", "kept"], env: { OLLAMA_HOST: url.host } }),
    // It does not log its stop, only that its models are whole.
    log: { clean: /total blobs: [1-9]/, dirty: /panic|unused blobs removed: [1-9]/ },
  },
];

export async function sql(url: string, statement: string, ...values: string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: statement, values, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

/** @throws the server's answer, when that is an error. */
export async function redis(url: string, ...command: string[]): Promise<unknown> {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  // Errors are also thrown.
  client.on("error", () => {});
  try {
    await client.connect();
    return await client.sendCommand(command);
  } finally {
    if (client.isOpen) client.destroy();
  }
}

/** @param url with the access key as its user and the secret key as its password. */
function s3(url: string): S3 {
  const { hostname, port, username, password } = new URL(url);
  return new S3({
    endPoint: hostname,
    port: Number(port),
    useSSL: false,
    accessKey: decodeURIComponent(username),
    secretKey: decodeURIComponent(password),
  });
}

async function cypher(url: string, statement: string, parameters: Record<string, string> = {}): Promise<unknown[]> {
  const at = new URL(url);
  const driver = neo4j.driver(`${at.protocol}//${at.host}`, neo4j.auth.basic(at.username, password(at)));
  try {
    const { records } = await driver.executeQuery(statement, parameters);
    return records.map((record) => record.get("value"));
  } finally {
    await driver.close();
  }
}

/** The origin whose scripts may read the server's answer, when a browser asks for one. */
async function allowed(url: string, origin: string): Promise<string | null> {
  const headers = { origin, "access-control-request-method": "GET" };
  const { headers: answered } = await fetch(`${url}/api/tags`, { method: "OPTIONS", headers });
  return answered.get("access-control-allow-origin");
}

function qdrant(url: string): QdrantClient {
  const at = new URL(url);
  // Without the client's check of the server's version, a request of its own that nothing waits for.
  return new QdrantClient({ url: at.origin, apiKey: password(at), checkCompatibility: false });
}

/** A model in GGUF with nothing but an architecture: it can be stored and shown, not used. */
function emptyModel(): Uint8Array<ArrayBuffer> {
  const text = (value: string) => [value.length, 0, value] as const;
  // Little-endian words of 32 bits, two for one of 64; texts as bytes.
  const parts = ["GGUF", /* version */ 3, /* tensors */ 0, 0, /* facts */ 1, 0];
  const fact = [...text("general.architecture"), /* a text */ 8, ...text("llama")];
  const words = [...parts, ...fact].map((part) =>
    typeof part === "string" ? Buffer.from(part) : Buffer.from(Uint32Array.of(part).buffer),
  );
  return new Uint8Array(Buffer.concat(words));
}
