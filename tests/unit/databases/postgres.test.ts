import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { pinned } from "../../../components/core/support/lock.ts";
import { pgpass } from "../../../components/databases/postgres.ts";
import { Postgres, type PostgresArgs, PostgresSetup } from "../../../components/index.ts";
import { deploy, held, type Options, refusedBy, volumeOf } from "../helpers/stack.ts";

const postgres = (args: Partial<PostgresArgs>, options: Options = {}) =>
  deploy((platform) => new Postgres("main", { platform, ...args }), options);

test("its database, and the role that owns it, can have another name", async () => {
  const stack = await postgres({ database: "shop" });
  const { envs, healthcheck } = stack.get("Container main").inputs as { envs: string[]; healthcheck: object };
  expect(envs).toEqual(expect.arrayContaining(["POSTGRES_USER=shop", "POSTGRES_DB=shop"]));
  const probe = ["--username", "shop", "--dbname", "shop", "--command", "select 1"];
  expect(healthcheck).toMatchObject({ tests: ["CMD", "psql", "--no-psqlrc", "--host", "main", ...probe] });
  expect(stack.get("Stash ledger").inputs).toMatchObject({
    input: { volumes: { main: { major: "17", firstStart: { database: "shop" } } } },
  });
});

test("an image's own user runs the server and its setup job, owns its socket's folder, and is remembered", async () => {
  const stack = await deploy((platform) => {
    const database = new Postgres("main", { platform, image: "postgres:17-alpine", user: "70:70" });
    new PostgresSetup("schema", { platform, database });
  });
  expect(stack.get("Container main").inputs).toMatchObject({
    user: "70:70",
    tmpfs: { "/var/run/postgresql": "uid=70,gid=70,mode=3777,size=16m" },
  });
  expect(stack.get("Container schema").inputs.user).toBe("70:70");
  expect(stack.get("Stash ledger").inputs).toMatchObject({
    input: { volumes: { main: { firstStart: { database: "app", user: "70:70" } } } },
  });
});

test.each<[Partial<PostgresArgs>, string[]]>([
  [{ maxConnections: 20 }, ["-c", "max_connections=20"]],
  [{ sharedBuffersMiB: 64 }, ["-c", "max_connections=100", "-c", "shared_buffers=64MB"]],
])("passes %j on to the server", async (args, expected) => {
  expect((await postgres(args)).get("Container main").inputs.command).toEqual([
    ...["bash", "/run/secrets/start.sh", "postgres"],
    ...expected,
  ]);
});

test("each connection can have a process, and only the memory limit bounds shared memory", async () => {
  const stack = await postgres({ maxConnections: 400, memoryMiB: 952 });
  expect(stack.get("Container main").inputs).toMatchObject({ memory: 952, shmSize: 1024 * 1024 });
  stack.engine.container("id-of-main", {
    status: "running",
    startedAt: new Date(),
    health: { status: "healthy", probes: [] },
  });
  await stack.run("main-ready");
  expect(stack.engine.acts).toEqual([["limitPids", "id-of-main", 556]]);
});

test.each<[Partial<PostgresArgs>, number]>([
  [{}, 512],
  [{ maxConnections: 180 }, 512],
  [{ maxConnections: 181 }, 514],
  [{ maxConnections: 1000, sharedBuffersMiB: 256 }, 2280],
  [{ sharedBuffersMiB: 385 }, 609],
  [{ sharedBuffersMiB: 600 }, 824],
  [{ maxConnections: 5, sharedBuffersMiB: 6000 }, 8000],
  [{ maxConnections: 400, memoryMiB: 2000 }, 2000],
])("its default memory fits its settings: %j has %i MiB", async (args, memory) => {
  expect((await postgres(args)).get("Container main").inputs).toMatchObject({ memory });
});

test("another version can come from an image that is given, where none is built from package registries", async () => {
  const image = { registry: "pgvector/pgvector:pg18", packages: "postgres" };
  const stack = await postgres({ version: "18", image }, { imageSource: "packages" });
  expect(stack.get("Stash ledger").inputs).toMatchObject({ input: { volumes: { main: { major: "18" } } } });
});

test.each([
  ["16", "/var/lib/postgresql/data"],
  ["17", "/var/lib/postgresql/data"],
  // It has a folder for each version below.
  ["18", "/var/lib/postgresql"],
] as const)("version %s has its own image, and its volume at %s", async (version, path) => {
  const stack = await postgres({ version });
  expect(stack.of("RemoteImage").map(({ inputs }) => inputs.name)).toEqual([pinned(`postgres:${version}`)]);
  const [data] = stack.get("Container main").inputs.volumes as object[];
  expect(data).toEqual({ containerPath: path, volumeName: volumeOf("main-data") });
  expect(stack.get("Stash ledger").inputs).toMatchObject({ input: { volumes: { main: { major: version } } } });
});

test.each(["16", "18"] as const)(
  "version %s is refused where images are built from package registries",
  async (version) => {
    expect(await refusedBy(() => postgres({ version }, { imageSource: "packages" }))).toEqual([
      `Postgres "main" has bad arguments\n  version: Only 17 is built from package registries: leave version out, name an \`image\` or a \`build\` with another, or use imageSource: registry.`,
    ]);
  },
);

test("a given password is encoded in its URL", async () => {
  const { made } = await postgres({ password: 'h:u\\nt"er22' });
  expect(await held(made.connection.url)).toBe("postgresql://app:h%3Au%5Cnt%22er22@main:5432/app");
});

test.each([
  ["plain", "*:*:*:*:plain\n"],
  ["a:b", "*:*:*:*:a\\:b\n"],
  ["a\\b", "*:*:*:*:a\\\\b\n"],
  ["\\:", "*:*:*:*:\\\\\\:\n"],
])("libpq's password file for %j", async (secret, expected) => {
  expect(await held(pgpass(secret))).toBe(expected);
  expect(await pulumi.isSecret(pgpass(pulumi.secret(secret)))).toBe(true);
});
