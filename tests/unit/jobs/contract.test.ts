import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, posix, relative } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Setup } from "../../../components/core/setup.ts";
import {
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
  SetupJob,
} from "../../../components/index.ts";
import { type Delivery, deliveriesToJob, everyJob, expectNoSecret } from "../helpers/expected.ts";
import { deploy, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

// What is the same for every job: each is called `setup` here, and its database `main`.

const folder = mkdtempSync(join(tmpdir(), "stackyard-jobs-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const CONTENTS = {
  "schema.sql": "create table notes ();\n",
  "more/schema.sql": "insert into notes default values;\n",
  "schema.cypher": "CREATE CONSTRAINT note_id IF NOT EXISTS FOR (n:Note) REQUIRE n.id IS UNIQUE;\n",
  "more/schema.cypher": "MERGE (:Note {id: 1});\n",
  "seed.sh": "echo seeded\n",
  "other.sh": "echo others\n",
};
mkdirSync(join(folder, "more"));
for (const [path, content] of Object.entries(CONTENTS)) writeFileSync(join(folder, path), content);
const path = (name: keyof typeof CONTENTS) => join(folder, name);
/** Where the working folder is for a job with SQL files, and where these are. */
const HERE = relative(process.cwd(), folder)
  .split("/")
  .flatMap((part) => (part === ".." ? "_here" : []));
const laid = (name: keyof typeof CONTENTS) => posix.join("sql", ...HERE, relative(process.cwd(), path(name)));

interface Row {
  component: new (name: string, args: never) => Setup;
  /** Its database, by the argument's name. */
  served: (platform: Platform) => object;
  args: object;
  /** Changes with each of which it runs again. */
  others: object[];
  /** Another way to say the same, with which it does not. */
  same: object;
  memoryMiB: number;
  /** Images that are brought here, its own last. */
  images: string[];
  container: { entrypoints?: string[]; command: unknown[]; envs: string[]; user: string; tmpfs?: object };
  secrets?: Record<string, string>;
  files?: Record<string, string>;
  /** What is in its secrets. */
  secret?: string;
  /** What it may say when it fails. */
  says: string;
}

const PASSWORD = passwordOf("main-password");
const MINIO = "image-quay-io-minio-minio-RELEASE-2025-09-07T16-13-09Z";
const notes = { notes: { size: 384 }, images: { size: 4, distance: "Dot" } };
const tutor = {
  "llama3.2:1b": {},
  tutor: { from: "llama3.2:1b", system: "Explain.", parameters: { temperature: 0.2 } },
};

const ROWS: Record<string, Row> = {
  PostgresSetup: {
    component: PostgresSetup,
    served: (platform) => ({ database: new Postgres("main", { platform, database: "shop" }) }),
    args: { extensions: ["pg_trgm", "citext"], sql: [path("schema.sql"), path("more/schema.sql")] },
    others: [
      { extensions: ["pg_trgm"] },
      { roles: { reader: {} } },
      { databases: ["reports"] },
      { sql: [path("schema.sql")] },
      { sql: [path("more/schema.sql"), path("schema.sql")] },
    ],
    same: { sql: [relative(process.cwd(), path("schema.sql")), { file: path("more/schema.sql"), transaction: true }] },
    memoryMiB: 128,
    images: ["image-postgres-17"],
    container: {
      command: ["sh", "/run/files/setup.sh"],
      envs: ["PGHOST=main", "PGUSER=shop", "PGDATABASE=shop", "PGPASSFILE=/run/secrets/pgpass", "PGCONNECT_TIMEOUT=10"],
      user: "999:999",
    },
    secrets: { pgpass: `*:*:*:*:${PASSWORD}\n` },
    // Files of one name are kept apart.
    files: {
      "setup.sh": expect.stringMatching(
        /\n}\n\nsession .*pg_trgm.*\nsession .*citext.*\ncd .*\nfile_in_transaction .*\nfile_in_transaction .*\n$/,
      ),
      "begin.sql": expect.any(String),
      "end.sql": expect.any(String),
      "ended.sql": expect.any(String),
      [laid("schema.sql")]: CONTENTS["schema.sql"],
      [laid("more/schema.sql")]: CONTENTS["more/schema.sql"],
      [posix.join("sql", ...HERE, "_here")]: "",
    },
    secret: PASSWORD,
    says: 'ERROR:  syntax error at or near "creat"',
  },
  Neo4jSetup: {
    component: Neo4jSetup,
    served: (platform) => ({ database: new Neo4j("main", { platform }) }),
    args: { cypher: [path("schema.cypher"), path("more/schema.cypher")] },
    others: [{ cypher: [path("schema.cypher")] }, { cypher: [path("more/schema.cypher"), path("schema.cypher")] }],
    same: { cypher: [relative(process.cwd(), path("schema.cypher")), path("more/schema.cypher")] },
    memoryMiB: 384,
    images: ["image-neo4j-5-26-community"],
    container: {
      command: ["bash", "/run/files/setup.sh", "--address=bolt://main:7687", "--username=neo4j", "--format=plain"],
      envs: ["TINI_SUBREAPER=1"],
      user: "7474:7474",
      tmpfs: { "/tmp": "exec,mode=1777,size=64m", "/var/lib/neo4j/conf": "uid=7474,gid=7474,mode=0700,size=1m" },
    },
    secrets: { password: PASSWORD },
    files: {
      "1-schema.cypher": CONTENTS["schema.cypher"],
      "2-schema.cypher": CONTENTS["more/schema.cypher"],
      all: expect.stringMatching(
        /^:source \/run\/files\/1-schema.cypher\n[\s\S]*^:source \/run\/files\/2-schema.cypher\n/m,
      ),
      "setup.sh": expect.any(String),
    },
    secret: PASSWORD,
    says: "Invalid input 'CREAT'",
  },
  MinioSetup: {
    component: MinioSetup,
    served: (platform) => ({ storage: new Minio("main", { platform, rootUser: "admin" }) }),
    args: { buckets: { kept: {} } },
    others: [{ buckets: { kept: { versioning: true } } }, { buckets: { kept: {}, more: {} } }],
    same: { buckets: { kept: { versioning: false } } },
    memoryMiB: 128,
    images: [MINIO],
    container: {
      // Not the image's own entry point.
      entrypoints: ["sh", "-euc"],
      command: [expect.stringMatching(/^mc mb --ignore-existing server\/kept\n/)],
      envs: ["MC_CONFIG_ENV_FILE=/run/secrets/mc.env", "MC_CONFIG_DIR=/tmp/.mc"],
      user: "65534:65534",
    },
    secrets: { "mc.env": `MC_HOST_server=http://admin:${PASSWORD}@main:9000\n` },
    secret: PASSWORD,
    says: "mc: <ERROR> Unable to make bucket `server/kept`.",
  },
  QdrantSetup: {
    component: QdrantSetup,
    served: (platform) => ({ database: new Qdrant("main", { platform }) }),
    args: { collections: notes },
    others: [{ collections: {} }, { collections: { notes: { size: 385 } } }],
    same: { collections: { ...notes, notes: { size: 384, distance: "Cosine" } } },
    memoryMiB: 128,
    images: ["image-qdrant-qdrant-v1-19-0-unprivileged", "image-node-24-slim"],
    container: {
      command: ["node", "/run/files/qdrant-collections.mts", "http://main:6333"],
      envs: ["API_KEY_FILE=/run/secrets/api-key"],
      user: "65534:65534",
    },
    secrets: { "api-key": passwordOf("main-api-key") },
    files: {
      "qdrant-collections.mts": readFileSync("components/jobs/qdrant-collections.mts", "utf8"),
      "collections.json": '{"notes":{"size":384,"distance":"Cosine"},"images":{"size":4,"distance":"Dot"}}',
    },
    secret: passwordOf("main-api-key"),
    says: "collection notes: 400 no",
  },
  OllamaModels: {
    component: OllamaModels,
    served: (platform) => ({ database: new Ollama("main", { platform, egress: true }) }),
    args: { models: tutor },
    others: [{ models: { "llama3.2:1b": {} } }, { models: { ...tutor, tutor: { from: "llama3.2:1b" } } }],
    same: { models: { ...tutor } },
    memoryMiB: 128,
    images: ["image-ollama-ollama-0-17-4", "image-node-24-slim"],
    container: {
      command: ["node", "/run/files/ollama-models.mts", "http://main:11434"],
      envs: [],
      user: "65534:65534",
    },
    files: {
      "ollama-models.mts": readFileSync("components/jobs/ollama-models.mts", "utf8"),
      "models.json": JSON.stringify(tutor),
    },
    says: "model tiny: pull model manifest: file does not exist",
  },
  SetupJob: {
    component: SetupJob,
    served: (platform) => ({ uses: { database: new Postgres("main", { platform }) } }),
    args: { image: "alpine:3", command: ["sh", "/run/files/seed.sh"], files: { "seed.sh": path("seed.sh") } },
    others: [
      { command: ["sh", "-x", "/run/files/seed.sh"] },
      { files: { "seed.sh": path("other.sh") } },
      { env: { MODE: "full" } },
      { image: "alpine:4" },
    ],
    same: { env: {} },
    memoryMiB: 256,
    images: ["image-postgres-17", "image-alpine-3"],
    container: {
      command: ["sh", "/run/files/seed.sh"],
      envs: [
        "DATABASE_HOST=main",
        "DATABASE_PORT=5432",
        "DATABASE_USER=app",
        "DATABASE_NAME=app",
        "DATABASE_URL_FILE=/run/secrets/database_url",
        "DATABASE_PASSWORD_FILE=/run/secrets/database_password",
      ],
      user: "65534:65534",
    },
    secrets: { database_url: `postgresql://app:${PASSWORD}@main:5432/app`, database_password: PASSWORD },
    files: { "seed.sh": CONTENTS["seed.sh"] },
    secret: PASSWORD,
    says: "no",
  },
};

beforeEach(() => {
  vi.spyOn(pulumi.log, "info").mockResolvedValue();
});

describe.each(Object.entries(ROWS))("%s", (kind, row) => {
  const component = row.component as new (name: string, args: object) => Setup;
  const setup = (args: object = {}, options: Options = {}) =>
    deploy((platform) => new component("setup", { platform, ...row.args, ...row.served(platform), ...args }), options);
  const keyOf = async (args: object) => (await setup(args)).get("Stash setup-done").inputs;

  const image = row.images.at(-1);
  const { secrets, files } = row;
  const delivered: Delivery[] = [
    ...(secrets ? [{ to: "/run/secrets", files: secrets, access: `400 ${row.container.user}` }] : []),
    ...(files ? [{ to: "/run/files", files, access: "444 0:0" }] : []),
  ];

  test("is made of a container that is not started, and a gate", async () => {
    const stack = await setup();
    const children = stack.resources.filter(({ parent }) => parent === `${kind} setup`).map(({ key }) => key);
    expect(children.sort()).toEqual(["Container setup", "Stash setup-done"]);
    expect(stack.get(`${kind} setup`).type).toBe(`stackyard:jobs:${kind}`);
    expect(stack.of("RemoteImage").map(({ name }) => name)).toEqual(row.images);
  });

  test("the container is on its database's network alone, and has no more than it needs", async () => {
    const { inputs, secretInputs } = (await setup()).get("Container setup");
    expect(inputs).toEqual({
      ...everyJob(row.memoryMiB),
      ...row.container,
      image: `sha256:${image}`,
      tmpfs: { "/tmp": "mode=1777,size=64m", ...row.container.tmpfs },
      networksAdvanced: [{ name: idOf("main"), aliases: [] }],
      labels: [...labels("setup", "job"), { label: "stackyard.key", value: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      volumes: delivered.map(({ to }) => ({ containerPath: to })),
    });
    expect(secretInputs).toEqual([]);
  });

  test("gets its files, and its secrets for its user alone, which are in no input that is not marked secret", async () => {
    const stack = await setup();
    expect(await deliveriesToJob(stack, "setup")).toEqual(delivered);
    expectNoSecret(stack.resources, row.secret ? [row.secret] : []);
  });

  test("starts when its own database is ready, not before, and runs again over a new volume", async () => {
    const stack = await setup();
    expect(stack.get("Stash setup-done").dependsOn).toEqual([
      "Container setup",
      `RemoteImage ${image}`,
      "Stash main-ready",
      "Volume main-data",
    ]);
    expect(stack.waitsFor("Container setup", "Stash main-ready")).toBe(false);
    expect(stack.get("Stash setup-done").inputs).toMatchObject({ input: { volumes: [volumeOf("main-data")] } });
  });

  test("runs again when it does something else, and only then", async () => {
    const keys: string[] = [];
    for (const args of [{}, ...row.others]) keys.push(JSON.stringify(await keyOf(args)));
    expect(new Set(keys).size).toBe(1 + row.others.length);
    expect(JSON.stringify(await keyOf(row.same))).toBe(keys[0]);
  });

  test("done passes when it succeeds", async () => {
    const stack = await setup();
    stack.engine.container(idOf("setup")).onStart((it) => it.exits(0));
    await expect(stack.run("setup-done")).resolves.toBeUndefined();
  });

  test("done fails with its last log lines, and is tried again", async () => {
    const stack = await setup();
    stack.engine.container(idOf("setup")).onStart((it) => it.writes(row.says).exits(3));
    await expect(stack.run("setup-done")).rejects.toThrow(
      new Error(
        `${kind} "setup" failed with exit code 3\nlast log lines:\n  ${row.says}\n` +
          "Mend the cause and run `up` again: it will be tried again.",
      ),
    );
    stack.engine.container(idOf("setup")).onStart((it) => it.exits(0));
    await expect(stack.run("setup-done")).resolves.toBeUndefined();
  });

  test("others wait for done, and get nothing else from it", async () => {
    const { made } = await setup();
    expect([made.gate, Object.hasOwn(made, "connection"), Object.hasOwn(made, "network")]).toEqual([
      made.done,
      false,
      false,
    ]);
  });

  test("when down, only its gate is declared", async () => {
    const stack = await setup({}, { down: true });
    const children = stack.resources.filter(({ parent }) => parent === `${kind} setup`).map(({ key }) => key);
    expect(children).toEqual(["Stash setup-done"]);
    expect(stack.of("Container")).toEqual([]);
  });
});
