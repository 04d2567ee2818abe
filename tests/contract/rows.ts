import neo4j from "neo4j-driver";
import pg from "pg";
import { createClient } from "redis";

/** What every database has to prove, as far as databases differ: one row each. A seventh is a file in components/ and a row here. */
export interface Row {
  /** Class name, and the key under which the test program knows it. */
  kind: "Postgres" | "Redis" | "Neo4j";
  /** Arguments that differ from the defaults. */
  args: Record<string, unknown>;
  /** Where its data is, in its container. */
  dataPath: string;
  /** Limit that is in force, by the arguments. */
  memoryMiB: number;
  /** Through a real client on the host. @throws what the client throws, when the server does not let it in. */
  write(url: string, value: string): Promise<void>;
  read(url: string): Promise<string>;
  /** What a client says whose password is wrong. */
  refused: RegExp;
  /** Reads what was written, from a container of the server's own image on its network. */
  inside(url: URL): { command: string[]; env: Record<string, string> };
  /** In its log, after a stop in order and a new start; and what must not be there. The log is a file where it prints less. */
  log: { clean: RegExp; dirty: RegExp; file?: string };
}

const password = (url: URL) => decodeURIComponent(url.password);

export const ROWS: Row[] = [
  {
    kind: "Postgres",
    args: { memoryMiB: 256 },
    dataPath: "/var/lib/postgresql/data",
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
    args: {},
    dataPath: "/data",
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
    kind: "Neo4j",
    args: {},
    dataPath: "/data",
    memoryMiB: 1024,
    write: async (url, value) => void (await cypher(url, "MERGE (it:Kept) SET it.value = $value", { value })),
    read: async (url) => (await cypher(url, "MATCH (it:Kept) RETURN it.value AS value")).join(),
    refused: /unauthorized/,
    inside: (url) => ({
      command: ["bash", "-c", "cypher-shell --format plain 'MATCH (it:Kept) RETURN it.value' | tail -n 1 | tr -d '\"'"],
      env: { NEO4J_ADDRESS: `bolt://${url.host}`, NEO4J_USERNAME: url.username, NEO4J_PASSWORD: password(url) },
    }),
    // It keeps its log with its data, so that what is there is of all starts.
    log: {
      clean: /Stopped 'DatabaseId.*\[neo4j\]}' successfully/,
      dirty: /Recovery required/,
      file: "/data/logs/debug.log",
    },
  },
];

async function sql(url: string, statement: string, ...values: string[]): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query({ text: statement, values, rowMode: "array" })).rows.flat();
  } finally {
    await client.end();
  }
}

async function redis(url: string, ...command: string[]): Promise<unknown> {
  const client = createClient({ url, socket: { reconnectStrategy: false } });
  // What goes wrong is also thrown.
  client.on("error", () => {});
  try {
    await client.connect();
    return await client.sendCommand(command);
  } finally {
    if (client.isOpen) client.destroy();
  }
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
