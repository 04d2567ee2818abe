import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { Neo4j, type Neo4jArgs } from "../../../components/index.ts";
import { probed } from "../helpers/engine.ts";
import { everyService, expectNoSecret, handedTo, healthcheck } from "../helpers/expected.ts";
import { deploy, held, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

const CONTAINER = "Container graph";
const SECRET = passwordOf("graph-password");
const neo4j = (args: Partial<Neo4jArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Neo4j("graph", { platform, ...args }), options);
const PROBE = ["CMD", "wget", "--config=/run/secrets/probe.wgetrc", "http://graph:7474/db/neo4j/query/v2"];
const probeWith = (
  password: string,
) => `header = Authorization: Basic ${Buffer.from(`neo4j:${password}`).toString("base64")}
header = Content-Type: application/json
post_data = {"statement":"RETURN 1"}
output_document = -
quiet = on
timeout = 9
tries = 1
`;
const FIRST_START =
  "[ -d /data/databases/system ] || neo4j-admin dbms set-initial-password @/run/secrets/initial-password\n";

test("is made of a password, a volume, a network, a container and a gate", async () => {
  expect((await neo4j()).types).toEqual({
    "Platform platform": "stackyard:core:Platform",
    "Provider docker": "pulumi:providers:docker",
    "Stash identity": "pulumi:index:Stash",
    "Stash ledger": "pulumi:index:Stash",
    "RemoteImage image-neo4j-5-26-community": "docker:index/remoteImage:RemoteImage",
    "Neo4j graph": "stackyard:databases:Neo4j",
    "RandomPassword graph-password": "random:index/randomPassword:RandomPassword",
    "Volume graph-data": "docker:index/volume:Volume",
    "Volume graph-secrets": "docker:index/volume:Volume",
    "Network graph": "docker:index/network:Network",
    "Container graph": "docker:index/container:Container",
    "Stash graph-ready": "pulumi:index:Stash",
  });
});

test("the container, by default", async () => {
  const { inputs, deleteBeforeReplace, dependsOn, secretInputs } = (await neo4j()).get(CONTAINER);
  expect(inputs).toEqual({
    ...everyService(1024, 60),
    image: "sha256:image-neo4j-5-26-community",
    envs: [
      "EXTENSION_SCRIPT=/run/secrets/first-start.sh",
      "NEO4J_server_memory_heap_initial__size=512m",
      "NEO4J_server_memory_heap_max__size=512m",
      "NEO4J_server_memory_pagecache_size=128m",
      "NEO4J_server_jvm_additional=-XX:+UseG1GC -XX:-OmitStackTraceInFastThrow -XX:+DisableExplicitGC " +
        "-Djdk.nio.maxCachedBufferSize=1024 -Dio.netty.tryReflectionSetAccessible=true -Djdk.tls.ephemeralDHKeySize=2048 " +
        "-Djdk.tls.rejectClientInitiatedRenegotiation=true -Dlog4j2.disable.jmx=true " +
        "--add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/java.io=ALL-UNNAMED " +
        "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED --enable-native-access=ALL-UNNAMED",
      "NEO4J_server_directories_logs=/data/logs",
      "NEO4J_server_directories_run=/tmp",
      "NEO4J_dbms_usage__report_enabled=false",
      "NEO4J_internal_dbms_bolt_netty__server__shutdown__quiet__period=0",
    ],
    user: "7474:7474",
    tmpfs: {
      "/tmp": "exec,mode=1777,size=64m",
      "/var/lib/neo4j/conf": "uid=7474,gid=7474,mode=0700,size=1m",
      "/logs": "uid=7474,gid=7474,mode=0700,size=1m",
    },
    healthcheck: { ...healthcheck(PROBE, "10s", "2m0s"), startInterval: "500ms" },
    networksAdvanced: [{ name: idOf("graph"), aliases: ["graph"] }],
    labels: labels("graph", "service"),
    ports: [],
    volumes: [
      { containerPath: "/data", volumeName: volumeOf("graph-data") },
      { containerPath: "/run/secrets", volumeName: volumeOf("graph-secrets"), readOnly: true },
    ],
  });
  expect({ deleteBeforeReplace, dependsOn, secretInputs }).toEqual({
    deleteBeforeReplace: true,
    dependsOn: [
      "Network graph",
      "RemoteImage image-neo4j-5-26-community",
      "Stash ledger",
      "Volume graph-data",
      "Volume graph-secrets",
    ],
    secretInputs: [],
  });
});

test.each<[string, Partial<Neo4jArgs>, string[]]>([
  ["a half and an eighth of its memory", { memoryMiB: 2048 }, ["1024m", "1024m", "256m"]],
  ["them rounded down", { memoryMiB: 1001 }, ["500m", "500m", "125m"]],
  ["a heap of its own", { heapMiB: 600 }, ["600m", "600m", "128m"]],
  ["a page cache of its own", { pageCacheMiB: 200 }, ["512m", "512m", "200m"]],
  ["both, with just enough room", { memoryMiB: 392, heapMiB: 128, pageCacheMiB: 8 }, ["128m", "128m", "8m"]],
])("heap and page cache are %s", async (_, args, expected) => {
  const envs = (await neo4j(args)).get(CONTAINER).inputs.envs as string[];
  expect(envs.filter((each) => each.startsWith("NEO4J_server_memory_")).map((each) => each.split("=")[1])).toEqual(
    expected,
  );
});

test("each other option has its effect", async () => {
  const { inputs } = (
    await neo4j({
      hostPort: 17_687,
      httpHostPort: 17_474,
      memoryMiB: 1500,
      cpus: 0.5,
      readyTimeoutSeconds: 20,
      stopGraceSeconds: 5,
    })
  ).get(CONTAINER);
  expect(inputs).toMatchObject({
    ...everyService(1500, 5),
    cpus: "0.5",
    ports: [
      { internal: 7474, external: 17_474, ip: "127.0.0.1", protocol: "tcp" },
      { internal: 7687, external: 17_687, ip: "127.0.0.1", protocol: "tcp" },
    ],
    healthcheck: { startPeriod: "20s" },
  });
});

test("is remembered with its major version and its ports", async () => {
  expect((await neo4j({ hostPort: 17_687, httpHostPort: 17_474 })).get("Stash ledger").inputs).toEqual({
    input: {
      volumes: { graph: { volume: volumeOf("graph-data"), major: "5", firstStart: { password: "a generated one" } } },
      ports: { 17474: 'Neo4j "graph"', 17687: 'Neo4j "graph"' },
    },
  });
});

describe("the password", () => {
  test("is handed over in files that only the server's user can read", async () => {
    expect(await handedTo(await neo4j(), "graph")).toEqual([
      {
        to: volumeOf("graph-secrets"),
        files: {
          "first-start.sh": FIRST_START,
          "initial-password": `-- "${SECRET}"\n`,
          "probe.wgetrc": probeWith(SECRET),
        },
        access: "400 7474:7474",
      },
    ]);
  });

  test("is in no input that is not marked as secret, nor is it in base64", async () => {
    const encoded = Buffer.from(`neo4j:${SECRET}`).toString("base64");
    expectNoSecret((await neo4j()).resources, [SECRET, encoded]);
    expectNoSecret((await neo4j({ password: "hunter22" })).resources, ["hunter22"]);
  });

  test.each([
    ['a"b\\c d#e', '-- "a\\"b\\\\c d#e"\n'],
    ["@secret/file", '-- "@@secret/file"\n'],
    ["--help me", '-- "--help me"\n'],
  ])("that is given, %s, is in its file as neo4j-admin reads it", async (password, expected) => {
    const [{ files } = { files: {} as Record<string, string> }] = await handedTo(await neo4j({ password }), "graph");
    expect([files["initial-password"], files["probe.wgetrc"]]).toEqual([expected, probeWith(password)]);
  });
});

test.each<[string, Partial<Neo4jArgs>, Options, boolean, boolean]>([
  ["dev", {}, { environment: "dev" }, false, false],
  ["prod", {}, { environment: "prod" }, true, true],
  ["dev, protected on purpose", { lifecycle: "protected" }, { environment: "dev" }, true, true],
])("in %s", async (_, args, options, volume, secret) => {
  const stack = await neo4j(args, options);
  expect({
    volume: stack.get("Volume graph-data").protect,
    secret: stack.get("RandomPassword graph-password").protect,
    others: stack.resources.filter(({ protect }) => protect).length,
  }).toEqual({ volume, secret, others: Number(volume) + Number(secret) });
});

test("when down, volume and password are declared", async () => {
  expect((await neo4j({}, { down: true })).keys).toEqual([
    "Neo4j graph",
    "Platform platform",
    "Provider docker",
    "RandomPassword graph-password",
    "Stash identity",
    "Stash ledger",
    "Volume graph-data",
  ]);
});

test("is told of to others: address, credentials, network and volume", async () => {
  const { made } = await neo4j({ hostPort: 17_687 });
  const { connection } = made;
  expect({
    ...connection,
    password: await held(connection.password),
    url: await held(connection.url),
    fromHost: await held(connection.fromHost),
  }).toEqual({
    host: "graph",
    port: 7687,
    user: "neo4j",
    password: SECRET,
    url: `bolt://neo4j:${SECRET}@graph:7687`,
    fromHost: { host: "127.0.0.1", port: 17_687, url: `bolt://neo4j:${SECRET}@127.0.0.1:17687` },
  });
  expect(await pulumi.isSecret(connection.url)).toBe(true);
  expect({ network: await held(made.network.id), data: await held(made.data), gate: made.gate === made.ready }).toEqual(
    {
      network: idOf("graph"),
      data: volumeOf("graph-data"),
      gate: true,
    },
  );
});

test("ready passes once the probe has, and fails with what the server said last, without the password", async () => {
  const stack = await neo4j();
  const container = stack.engine
    .container(idOf("graph"), { pidsLimit: 640 })
    .onStart((it) => it.writes(`bad ${SECRET}`).exits(1));
  await expect(stack.run("graph-ready")).rejects.toThrow(
    new Error(
      'Neo4j "graph" stopped with exit code 1\nlast log lines:\n  bad [secret]\nMend the cause and run `up` again: it will be tried again.',
    ),
  );
  container.onStart((it) => it.in(0, { health: { status: "healthy", probes: [probed(0)] } }));
  await expect(stack.run("graph-ready")).resolves.toBeUndefined();
});
