import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { Redis, type RedisArgs } from "../../../components/index.ts";
import { probed } from "../helpers/engine.ts";
import { everyService, expectNoSecret, handedTo, healthcheck } from "../helpers/expected.ts";
import { deploy, held, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

const CONTAINER = "Container cache";
const SECRET = passwordOf("cache-password");
const redis = (args: Partial<RedisArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Redis("cache", { platform, ...args }), options);
const PROBE = 'REDISCLI_AUTH="$(cat /run/secrets/password)" redis-cli -h cache ping | grep -x PONG';

test("is made of a password, a volume, a network, a container and a gate", async () => {
  expect((await redis()).types).toEqual({
    "Platform platform": "stackyard:core:Platform",
    "Provider docker": "pulumi:providers:docker",
    "Stash identity": "pulumi:index:Stash",
    "Stash ledger": "pulumi:index:Stash",
    "RemoteImage image-redis-8": "docker:index/remoteImage:RemoteImage",
    "Redis cache": "stackyard:databases:Redis",
    "RandomPassword cache-password": "random:index/randomPassword:RandomPassword",
    "Volume cache-data": "docker:index/volume:Volume",
    "Volume cache-secrets": "docker:index/volume:Volume",
    "Network cache": "docker:index/network:Network",
    "Container cache": "docker:index/container:Container",
    "Stash cache-ready": "pulumi:index:Stash",
  });
});

test("the container, by default", async () => {
  const { inputs, deleteBeforeReplace, dependsOn, secretInputs } = (await redis()).get(CONTAINER);
  expect(inputs).toEqual({
    ...everyService(128, 30),
    image: "sha256:image-redis-8",
    command: [
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
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    healthcheck: healthcheck(["CMD-SHELL", PROBE], "3s"),
    networksAdvanced: [{ name: idOf("cache"), aliases: ["cache"] }],
    labels: labels("cache", "service"),
    ports: [],
    volumes: [
      { containerPath: "/data", volumeName: volumeOf("cache-data") },
      { containerPath: "/run/secrets", volumeName: volumeOf("cache-secrets"), readOnly: true },
    ],
  });
  expect({ deleteBeforeReplace, dependsOn, secretInputs }).toEqual({
    deleteBeforeReplace: true,
    dependsOn: [
      "Network cache",
      "RemoteImage image-redis-8",
      "Stash ledger",
      "Volume cache-data",
      "Volume cache-secrets",
    ],
    secretInputs: [],
  });
});

test.each<[string, Partial<RedisArgs>, string[]]>([
  ["no log of changes", { appendOnly: false }, ["no", "--maxmemory", "64mb", "--maxmemory-policy", "noeviction"]],
  ["a limit of its own", { maxMemoryMiB: 100 }, ["yes", "--maxmemory", "100mb", "--maxmemory-policy", "noeviction"]],
  [
    "half of its memory, rounded down",
    { memoryMiB: 255 },
    ["yes", "--maxmemory", "127mb", "--maxmemory-policy", "noeviction"],
  ],
  [
    "what goes when it is full",
    { maxMemoryPolicy: "allkeys-lru" },
    ["yes", "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"],
  ],
])("is told of %s", async (_, args, expected) => {
  const command = (await redis(args)).get(CONTAINER).inputs.command as string[];
  expect(command.slice(command.indexOf("--appendonly") + 1)).toEqual(expected);
});

test("each other option has its effect", async () => {
  const { inputs } = (
    await redis({ hostPort: 16_379, memoryMiB: 256, cpus: 0.5, readyTimeoutSeconds: 20, stopGraceSeconds: 5 })
  ).get(CONTAINER);
  expect(inputs).toMatchObject({
    ...everyService(256, 5),
    cpus: "0.5",
    ports: [{ internal: 6379, external: 16_379, ip: "127.0.0.1", protocol: "tcp" }],
    healthcheck: { startPeriod: "20s" },
  });
});

test("is remembered with its major version", async () => {
  expect((await redis()).get("Stash ledger").inputs).toEqual({
    input: {
      volumes: { cache: { volume: volumeOf("cache-data"), major: "8", firstStart: { password: "a generated one" } } },
      ports: {},
    },
  });
});

describe("the password", () => {
  test("is handed over in files that only the server's user can read", async () => {
    expect(await handedTo(await redis(), "cache")).toEqual([
      {
        to: volumeOf("cache-secrets"),
        files: { "redis.conf": `requirepass "${SECRET}"\n`, password: SECRET },
        access: "400 999:999",
      },
    ]);
  });

  test("is in no input that is not marked as secret", async () => {
    expectNoSecret((await redis()).resources, [SECRET]);
    expectNoSecret((await redis({ password: "hunter22" })).resources, ["hunter22"]);
  });

  test("that is given is in the configuration as the server reads it", async () => {
    const [{ files } = { files: {} }] = await handedTo(await redis({ password: 'a"b\\c d' }), "cache");
    expect(files).toEqual({ "redis.conf": 'requirepass "a\\"b\\\\c d"\n', password: 'a"b\\c d' });
  });
});

test.each<[string, Partial<RedisArgs>, Options, boolean, boolean]>([
  ["dev", {}, { environment: "dev" }, false, false],
  ["prod", {}, { environment: "prod" }, true, true],
  ["dev, protected on purpose", { lifecycle: "protected" }, { environment: "dev" }, true, true],
])("in %s", async (_, args, options, volume, secret) => {
  const stack = await redis(args, options);
  expect({
    volume: stack.get("Volume cache-data").protect,
    secret: stack.get("RandomPassword cache-password").protect,
    others: stack.resources.filter(({ protect }) => protect).length,
  }).toEqual({ volume, secret, others: Number(volume) + Number(secret) });
});

test("when down, volume and password are declared", async () => {
  expect((await redis({}, { down: true })).keys).toEqual([
    "Platform platform",
    "Provider docker",
    "RandomPassword cache-password",
    "Redis cache",
    "Stash identity",
    "Stash ledger",
    "Volume cache-data",
  ]);
});

test("is told of to others: address, credentials, network and volume", async () => {
  const { made } = await redis({ hostPort: 16_379 });
  const { connection } = made;
  expect({
    ...connection,
    password: await held(connection.password),
    url: await held(connection.url),
    fromHost: await held(connection.fromHost),
  }).toEqual({
    host: "cache",
    port: 6379,
    user: "default",
    password: SECRET,
    url: `redis://default:${SECRET}@cache:6379`,
    fromHost: { host: "127.0.0.1", port: 16_379, url: `redis://default:${SECRET}@127.0.0.1:16379` },
  });
  expect(await pulumi.isSecret(connection.url)).toBe(true);
  expect({ network: await held(made.network.id), data: await held(made.data), gate: made.gate === made.ready }).toEqual(
    {
      network: idOf("cache"),
      data: volumeOf("cache-data"),
      gate: true,
    },
  );
});

test("ready passes once the probe has, and fails with what the server said last, without the password", async () => {
  const stack = await redis();
  const container = stack.engine
    .container(idOf("cache"), { pidsLimit: 256 })
    .onStart((it) => it.writes(`bad ${SECRET}`).exits(1));
  await expect(stack.run("cache-ready")).rejects.toThrow(
    new Error(
      'Redis "cache" stopped with exit code 1\nlast log lines:\n  bad [secret]\nMend the cause and run `up` again: it will be tried again.',
    ),
  );
  container.onStart((it) => it.in(0, { health: { status: "healthy", probes: [probed(0)] } }));
  await expect(stack.run("cache-ready")).resolves.toBeUndefined();
});
