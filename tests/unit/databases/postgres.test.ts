import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { pgpass } from "../../../components/databases/postgres.ts";
import { Postgres, type PostgresArgs } from "../../../components/index.ts";
import { probed } from "../helpers/engine.ts";
import { everyService, expectNoSecret, handedTo, healthcheck } from "../helpers/expected.ts";
import { deploy, held, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

const CONTAINER = "Container main";
const SECRET = passwordOf("main-password");
const postgres = (args: Partial<PostgresArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Postgres("main", { platform, ...args }), options);

test("is made of a password, a volume, a network, a container and a gate", async () => {
  expect((await postgres()).types).toEqual({
    "Platform platform": "stackyard:core:Platform",
    "Provider docker": "pulumi:providers:docker",
    "Stash identity": "pulumi:index:Stash",
    "Stash ledger": "pulumi:index:Stash",
    "RemoteImage image-postgres-17": "docker:index/remoteImage:RemoteImage",
    "Postgres main": "stackyard:databases:Postgres",
    "RandomPassword main-password": "random:index/randomPassword:RandomPassword",
    "Volume main-data": "docker:index/volume:Volume",
    "Volume main-secrets": "docker:index/volume:Volume",
    "Network main": "docker:index/network:Network",
    "Container main": "docker:index/container:Container",
    "Stash main-ready": "pulumi:index:Stash",
  });
});

test("all that is its own is its child", async () => {
  const stack = await postgres();
  expect(
    stack.resources
      .filter(({ parent }) => parent === "Postgres main")
      .map(({ key }) => key)
      .sort(),
  ).toEqual([
    CONTAINER,
    "Network main",
    "RandomPassword main-password",
    "Stash main-ready",
    "Volume main-data",
    "Volume main-secrets",
  ]);
});

test("the container, by default", async () => {
  const { inputs, deleteBeforeReplace, dependsOn, protect, secretInputs } = (await postgres()).get(CONTAINER);
  expect(inputs).toEqual({
    ...everyService(512, 60),
    image: "sha256:image-postgres-17",
    command: ["postgres", "-c", "max_connections=100"],
    envs: [
      "POSTGRES_USER=app",
      "POSTGRES_DB=app",
      "POSTGRES_PASSWORD_FILE=/run/secrets/password",
      "PGPASSFILE=/run/secrets/pgpass",
      "PGCONNECT_TIMEOUT=3",
    ],
    user: "999:999",
    tmpfs: { "/tmp": "mode=1777,size=64m", "/var/run/postgresql": "uid=999,gid=999,mode=3777,size=16m" },
    healthcheck: healthcheck([
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
    ]),
    networksAdvanced: [{ name: idOf("main"), aliases: ["main"] }],
    labels: labels("main", "service"),
    ports: [],
    volumes: [
      { containerPath: "/var/lib/postgresql/data", volumeName: volumeOf("main-data") },
      { containerPath: "/run/secrets", volumeName: volumeOf("main-secrets"), readOnly: true },
    ],
  });
  expect({ deleteBeforeReplace, dependsOn, protect, secretInputs }).toEqual({
    deleteBeforeReplace: true,
    dependsOn: [
      "Network main",
      "RemoteImage image-postgres-17",
      "Stash ledger",
      "Volume main-data",
      "Volume main-secrets",
    ],
    protect: false,
    secretInputs: [],
  });
});

test("each option has its effect", async () => {
  const stack = await postgres({
    database: "shop",
    hostPort: 15_432,
    maxConnections: 20,
    memoryMiB: 1024,
    cpus: 1.5,
    readyTimeoutSeconds: 90,
    stopGraceSeconds: 120,
  });
  const { inputs } = stack.get(CONTAINER);
  expect(inputs).toMatchObject({
    ...everyService(1024, 120),
    command: ["postgres", "-c", "max_connections=20"],
    cpus: "1.5",
    ports: [{ internal: 5432, external: 15_432, ip: "127.0.0.1", protocol: "tcp" }],
    healthcheck: {
      tests: [
        "CMD",
        "psql",
        "--no-psqlrc",
        "--host",
        "main",
        "--username",
        "shop",
        "--dbname",
        "shop",
        "--command",
        "select 1",
      ],
      startPeriod: "1m30s",
    },
  });
  expect(inputs.envs).toEqual(expect.arrayContaining(["POSTGRES_USER=shop", "POSTGRES_DB=shop"]));
  expect(stack.get("Network main").inputs.internal).toBe(false);
});

test("is remembered with its major version, and the database that is made on first start", async () => {
  expect((await postgres({ database: "shop" })).get("Stash ledger").inputs).toEqual({
    input: {
      volumes: {
        main: {
          volume: volumeOf("main-data"),
          major: "17",
          firstStart: { database: "shop", password: "a generated one" },
        },
      },
      ports: {},
    },
  });
});

describe("the password", () => {
  test("is handed over in files that only the server's user can read", async () => {
    expect(await handedTo(await postgres(), "main")).toEqual([
      {
        to: volumeOf("main-secrets"),
        files: { password: SECRET, pgpass: `*:*:*:*:${SECRET}\n` },
        access: "400 999:999",
      },
    ]);
  });

  test("is in no input that is not marked as secret", async () => {
    const stack = await postgres();
    expectNoSecret(stack.resources, [SECRET]);
    expect(stack.get("Volume main-secrets").secretInputs).toEqual(["replacementTrigger"]);
  });

  test("may be given, and is in no input that is not marked as secret either", async () => {
    const stack = await postgres({ password: 'h:u\\nt"er22' });
    expectNoSecret(stack.resources, ["h:u"]);
    expect(stack.get("Stash main-password").secretInputs).toEqual(["input"]);
    const [{ files } = { files: {} }] = await handedTo(stack, "main");
    expect(files).toEqual({ password: 'h:u\\nt"er22', pgpass: '*:*:*:*:h\\:u\\\\nt"er22\n' });
    expect(await held(stack.made.connection.url)).toBe("postgresql://app:h%3Au%5Cnt%22er22@main:5432/app");
  });
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

describe("dev and prod", () => {
  test.each<[string, Partial<PostgresArgs>, Options, boolean, boolean]>([
    ["dev", {}, { environment: "dev" }, false, false],
    ["prod", {}, { environment: "prod" }, true, true],
    ["dev, protected on purpose", { lifecycle: "protected" }, { environment: "dev" }, true, true],
    ["prod, to keep on purpose", { lifecycle: "keep" }, { environment: "prod" }, false, false],
  ])("in %s", async (_, args, options, volume, secret) => {
    const stack = await postgres(args, options);
    expect({
      volume: stack.get("Volume main-data").protect,
      secret: stack.get("RandomPassword main-password").protect,
      others: stack.resources.filter(({ protect }) => protect).length,
    }).toEqual({ volume, secret, others: Number(volume) + Number(secret) });
  });

  test("data that goes with the container has no volume, and nothing is remembered of it", async () => {
    const stack = await postgres({ lifecycle: "ephemeral" });
    expect(stack.of("Volume").map(({ name }) => name)).toEqual(["main-secrets"]);
    expect(stack.get("Stash ledger").inputs).toEqual({ input: { volumes: {}, ports: {} } });
    expect(stack.get(CONTAINER).inputs.volumes).toEqual([
      { containerPath: "/var/lib/postgresql/data" },
      { containerPath: "/run/secrets", volumeName: volumeOf("main-secrets"), readOnly: true },
    ]);
  });
});

test("when down, volume and password are declared, and remembered as before", async () => {
  const [up, down] = [await postgres(), await postgres({}, { down: true })];
  expect(down.keys).toEqual([
    "Platform platform",
    "Postgres main",
    "Provider docker",
    "RandomPassword main-password",
    "Stash identity",
    "Stash ledger",
    "Volume main-data",
  ]);
  for (const key of ["Volume main-data", "RandomPassword main-password", "Stash ledger", "Stash identity"]) {
    expect(down.get(key)).toEqual({ ...up.get(key), inputs: expect.any(Object) });
  }
  expect(down.get("Stash ledger").inputs).toEqual(up.get("Stash ledger").inputs);
});

test("is told of to others: address, credentials, network, volume, and when it is ready", async () => {
  const { made } = await postgres({ hostPort: 15_432 });
  const { connection } = made;
  expect({
    ...connection,
    password: await held(connection.password),
    url: await held(connection.url),
    fromHost: await held(connection.fromHost),
  }).toEqual({
    host: "main",
    port: 5432,
    user: "app",
    password: SECRET,
    database: "app",
    url: `postgresql://app:${SECRET}@main:5432/app`,
    fromHost: { host: "127.0.0.1", port: 15_432, url: `postgresql://app:${SECRET}@127.0.0.1:15432/app` },
  });
  expect([
    await pulumi.isSecret(connection.url),
    connection.password && (await pulumi.isSecret(connection.password)),
  ]).toEqual([true, true]);
  expect({ network: await held(made.network.id), data: await held(made.data), gate: made.gate === made.ready }).toEqual(
    {
      network: idOf("main"),
      data: volumeOf("main-data"),
      gate: true,
    },
  );
});

describe("ready", () => {
  test("passes once the probe has", async () => {
    const { engine, run } = await (async () => {
      const stack = await postgres();
      return { engine: stack.engine, run: () => stack.run("main-ready") };
    })();
    engine.container(idOf("main"), {
      status: "running",
      startedAt: new Date(),
      health: { status: "healthy", probes: [probed(0)] },
    });
    await expect(run()).resolves.toBeUndefined();
  });

  test("fails with what the server said last, without the password", async () => {
    const stack = await postgres();
    stack.engine.container(idOf("main")).onStart((it) => it.writes(`FATAL: ${SECRET}`).exits(1));
    await expect(stack.run("main-ready")).rejects.toThrow(
      new Error(
        'Postgres "main" stopped with exit code 1\nlast log lines:\n  FATAL: [secret]\nMend the cause and run `up` again: it will be tried again.',
      ),
    );
  });
});
