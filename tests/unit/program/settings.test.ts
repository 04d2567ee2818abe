import * as pulumi from "@pulumi/pulumi";
import { beforeEach, expect, test } from "vitest";
import { ArgsError } from "../../../components/index.ts";
import { hostPorts, withPorts } from "../../../components/program/host-ports.ts";
import { readSettings } from "../../../components/program/settings.ts";
import { mock } from "../helpers/stack.ts";

beforeEach(() => {
  mock();
});

const COMMON = { program: "polyglot", environment: "dev", subnetPool: "10.213.0.0/16", ports: "fixed", apiKeys: {} };
const database = (memoryMiB: number | undefined, stopGraceSeconds = 30, readyTimeoutSeconds = 60) => ({
  enabled: true,
  memoryMiB,
  readyTimeoutSeconds,
  stopGraceSeconds,
  settings: {},
});
const OWN = {
  // The component derives the memory from the other settings.
  postgres: { ...database(undefined, 60), user: "999:999", version: "17", database: "app", maxConnections: 100 },
  redis: { ...database(128), user: "999:999", maxMemoryPolicy: "allkeys-lru", appendOnly: true },
  neo4j: database(1024, 60, 120),
  qdrant: database(256),
  minio: { ...database(512), rootUser: "stackyard" },
  ollama: { ...database(2048), egress: false, models: {} },
  api: { hotReload: true, replicas: 1, batch: 2, memoryMiB: 256, readyTimeoutSeconds: 60, stopGraceSeconds: 15 },
  proxy: {
    enabled: false,
    address: "127.0.0.1",
    maintenance: false,
    drainSeconds: 10,
    keepaliveSeconds: 65,
    gzip: true,
    securityHeaders: true,
    trustedProxies: [],
    unknownHosts: 404,
    memoryMiB: 128,
    readyTimeoutSeconds: 60,
    stopGraceSeconds: 15,
  },
};

/** Sets configuration as the Pulumi CLI does: as texts, with JSON for structures. */
const configured = async (config: Record<string, unknown>, project = "stackyard") => {
  const all = Object.entries({ [`${project}:program`]: "polyglot", ...config });
  pulumi.runtime.setAllConfig(
    Object.fromEntries(all.map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)])),
  );
  const { common, own, apiKeys } = await readSettings("stacks");
  return { common, own, apiKeys };
};

test("settings have defaults", async () => {
  expect(await configured({})).toEqual({ common: COMMON, own: OWN, apiKeys: {} });
});

test("every setting is read", async () => {
  const settings = {
    "stackyard:program": "polyglot",
    "stackyard:environment": "prod",
    "stackyard:imageSource": "packages",
    "stackyard:imageMirror": "registry.example.com:5000/proxy",
    "stackyard:subnetPool": "10.77.0.0/16",
    "stackyard:ports": "free",
    "stackyard:apiKeys": { OPENAI_API_KEY: "required", OTHER_KEY: "optional", THIRD_KEY: "optional" },
    "stackyard:OPENAI_API_KEY": "sk-1",
    // Stays a text, though it looks like a number.
    "stackyard:OTHER_KEY": "12345678901234567890",
    "stackyard:postgres": {
      hostPort: 15_432,
      memoryMiB: 1024,
      cpus: 1.5,
      version: 16,
      maxConnections: 50,
      sharedBuffersMiB: 256,
    },
    "stackyard:redis": { hostPort: 16_379, maxMemoryMiB: 64, appendOnly: false },
    "stackyard:neo4j": { hostPort: 17_687, httpHostPort: 17_474, heapMiB: 512, pageCacheMiB: 64 },
    "stackyard:qdrant": { hostPort: 16_333, grpcHostPort: 16_334 },
    "stackyard:minio": { hostPort: 19_000, consoleHostPort: 19_001, readyTimeoutSeconds: 90 },
    "stackyard:ollama": {
      hostPort: 11_435,
      egress: true,
      gpus: "all",
      models: { "llama3.2:1b": {}, tutor: { from: "llama3.2:1b" } },
    },
    "stackyard:api": { cpus: 0.5 },
  };
  const { "stackyard:OPENAI_API_KEY": one, "stackyard:OTHER_KEY": other, ...set } = settings;
  const all = Object.fromEntries(Object.entries(set).map(([key, value]) => [key.replace("stackyard:", ""), value]));
  const { common, own, apiKeys } = await configured(settings);
  expect(apiKeys).toEqual({ OPENAI_API_KEY: one, OTHER_KEY: other });
  expect({ ...common, ...own }).toMatchObject({
    ...all,
    postgres: { ...settings["stackyard:postgres"], version: "16" },
  });
});

test.each(["postgres", "redis", "neo4j", "qdrant", "minio", "ollama"])(
  "%s can be left out, and then the rules across its options do not apply",
  async (name) => {
    const { own } = await configured({ [`stackyard:${name}`]: { enabled: false, memoryMiB: 64 } });
    expect(own).toEqual({ ...OWN, [name]: { ...OWN[name as keyof typeof OWN], enabled: false, memoryMiB: 64 } });
  },
);

test.each<[string, object, string]>([
  [
    "postgres",
    { maxConnections: 500, memoryMiB: 512 },
    "memoryMiB: should be 1152 MiB or more, for 500 connections (2 MiB each) and the cache (128 MiB), got 512",
  ],
  [
    "neo4j",
    { memoryMiB: 300, heapMiB: 256 },
    "memoryMiB: should be 256 MiB or more above heap and page cache (256 and 37 MiB), got 300",
  ],
  ["qdrant", { hostPort: 6333, grpcHostPort: 6333 }, "grpcHostPort: should be another port than hostPort, got 6333"],
])("a rule of %s across options is reported with the setting's path", async (name, options, fault) => {
  await expect(configured({ [`stackyard:${name}`]: options })).rejects.toThrow(
    new ArgsError("stack dev has bad settings", [`${name}.${fault}`]).message,
  );
});

test("a fault is reported once, even where rules across options could not be checked", async () => {
  await expect(
    configured({ "stackyard:postgres": { hostPort: 0, memoryMiB: 100, sharedBuffersMiB: 100 } }),
  ).rejects.toThrow(
    new ArgsError("stack dev has bad settings", ["postgres.hostPort: should be 1 to 65535, got 0"]).message,
  );
});

/** All settings of polyglot. */
const ALL =
  "postgres, redis, neo4j, qdrant, minio, ollama, api, proxy, program, environment, imageSource, imageMirror, subnetPool, ports, apiKeys";

test("all faults are reported at once", async () => {
  const settings = {
    "stackyard:enviroment": "prod",
    "stackyard:postgres": { enabled: "yes" },
    "stackyard:neo4j": { heapMiB: 1 },
    "stackyard:ollama": { models: ["llama3.2:1b"] },
    "stackyard:api": { enabled: false },
    "stackyard:apiKeys": { OPENAI_API_KEY: "required", OTHER_KEY: "optional" },
    "stackyard:UNHEARD_OF": "hunter22",
  };
  await expect(configured(settings)).rejects.toThrow(
    new ArgsError("stack dev has bad settings", [
      'postgres.enabled: should be true or false, got "yes"',
      "neo4j.heapMiB: should be whole MiB, 128 or more, got 1",
      "ollama.models: should be names with values, got a list",
      "api.enabled: should not be there; the options are hostPort, hotReload, replicas, batch, memoryMiB, cpus, readyTimeoutSeconds, stopGraceSeconds",
      "enviroment: should not be there; did you mean `environment`?",
      `UNHEARD_OF: should not be there; the options are ${ALL}`,
      'OPENAI_API_KEY: should be set, got nothing: make pulumi ARGS="config set -s dev --secret OPENAI_API_KEY" asks for it',
    ]).message,
  );
});

test("a path that was set without `--path` is refused with the command that sets it", async () => {
  const settings = { "stackyard:postgres.hostPort": 5, "stackyard:nope.hostPort": 5 };
  await expect(configured(settings)).rejects.toThrow(
    new ArgsError("stack dev has bad settings", [
      `nope.hostPort: should not be there; the options are ${ALL}`,
      'postgres.hostPort: should be set with --path: make pulumi ARGS="config set -s dev --path postgres.hostPort VALUE", after ' +
        'make pulumi ARGS="config rm -s dev postgres.hostPort"',
    ]).message,
  );
});

test("a secret in place of `required` or `optional` is not shown", async () => {
  await expect(configured({ "stackyard:apiKeys": { OPENAI_API_KEY: "hunter22" } })).rejects.toThrow(
    new ArgsError("stack dev has bad settings", [
      "apiKeys.OPENAI_API_KEY: should be one of required, optional, got a value that is not shown",
    ]).message,
  );
});

test("configuration of other packages is ignored", async () => {
  const { common } = await configured({
    "docker:host": "tcp://one",
    "stackyardish:program": "x",
    "stackyard:environment": "prod",
  });
  expect(common).toEqual({ ...COMMON, environment: "prod" });
});

test("settings are those under the project's name", async () => {
  mock({ project: "shop" });
  const { common } = await configured({ "shop:environment": "prod", "stackyard:environment": "dev" }, "shop");
  expect(common).toEqual({ ...COMMON, environment: "prod" });
});

test("ports on the host are found wherever they are set, and can be replaced", async () => {
  const { own } = await configured({
    "stackyard:postgres": { hostPort: 5432, memoryMiB: 64 },
    "stackyard:neo4j": { hostPort: 7687, httpHostPort: 7474 },
    "stackyard:minio": { enabled: false, hostPort: 9000 },
    "stackyard:api": { hostPort: 3000 },
  });
  expect(hostPorts(own)).toEqual({
    "postgres.hostPort": 5432,
    "neo4j.hostPort": 7687,
    "neo4j.httpHostPort": 7474,
    "api.hostPort": 3000,
  });
  const others = withPorts(own, { "postgres.hostPort": 1, "neo4j.httpHostPort": 2, "api.hostPort": undefined });
  expect(others).toEqual({
    ...own,
    postgres: { ...OWN.postgres, hostPort: 1, memoryMiB: 64 },
    neo4j: { ...OWN.neo4j, hostPort: 7687, httpHostPort: 2 },
    api: OWN.api,
  });
  expect(withPorts(own, {})).toEqual(own);
});

test("ports on the host are found at any depth", () => {
  const settings = { web: { ports: [{ hostPort: 80 }, { hostPort: 443 }], deeper: { adminHostPort: 1, port: 2 } } };
  expect(hostPorts(settings)).toEqual({
    "web.ports.0.hostPort": 80,
    "web.ports.1.hostPort": 443,
    "web.deeper.adminHostPort": 1,
  });
  expect(withPorts(settings, { "web.ports.1.hostPort": 8443 }).web.ports).toEqual([
    { hostPort: 80 },
    { hostPort: 8443 },
  ]);
});
