import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { ArgsError } from "../../../components/index.ts";
import { hostPorts, readSettings, withPorts } from "../../../stacks/config.ts";
import { mock } from "../helpers/stack.ts";

beforeEach(() => {
  vi.stubEnv("STACKYARD_DOWN", undefined);
  vi.stubEnv("STACKYARD_ONLY", undefined);
  mock();
});

const DEFAULTS = {
  program: "polyglot",
  environment: "dev",
  ports: "fixed",
  apiKeys: {},
  keys: {},
  postgres: {},
  redis: {},
  neo4j: {},
  qdrant: {},
  minio: {},
  ollama: { models: {} },
  api: {},
  down: false,
};

/** As the Pulumi CLI hands it over: texts, what has a structure as JSON. */
const configured = (config: Record<string, unknown>) => {
  pulumi.runtime.setAllConfig(
    Object.fromEntries(
      Object.entries(config).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
    ),
  );
  return readSettings();
};

test("by default", () => {
  expect(configured({})).toEqual(DEFAULTS);
});

test("all that can be set", () => {
  const settings = {
    "stackyard:program": "polyglot",
    "stackyard:environment": "prod",
    "stackyard:imageSource": "packages",
    "stackyard:imageMirror": "registry.example.com:5000/proxy",
    "stackyard:subnetPool": "10.77.0.0/16",
    "stackyard:ports": "free",
    "stackyard:apiKeys": { OPENAI_API_KEY: "required", OTHER_KEY: "optional", THIRD_KEY: "optional" },
    "stackyard:OPENAI_API_KEY": "sk-1",
    // As it is, though it looks like a number.
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
  expect(configured(settings)).toEqual({
    program: "polyglot",
    environment: "prod",
    imageSource: "packages",
    imageMirror: "registry.example.com:5000/proxy",
    subnetPool: "10.77.0.0/16",
    ports: "free",
    apiKeys: { OPENAI_API_KEY: "required", OTHER_KEY: "optional", THIRD_KEY: "optional" },
    keys: { OPENAI_API_KEY: "sk-1", OTHER_KEY: "12345678901234567890" },
    postgres: {
      hostPort: 15_432,
      memoryMiB: 1024,
      cpus: 1.5,
      version: "16",
      maxConnections: 50,
      sharedBuffersMiB: 256,
    },
    redis: { hostPort: 16_379, maxMemoryMiB: 64, appendOnly: false },
    neo4j: { hostPort: 17_687, httpHostPort: 17_474, heapMiB: 512, pageCacheMiB: 64 },
    qdrant: { hostPort: 16_333, grpcHostPort: 16_334 },
    minio: { hostPort: 19_000, consoleHostPort: 19_001, readyTimeoutSeconds: 90 },
    ollama: {
      hostPort: 11_435,
      egress: true,
      gpus: "all",
      models: { "llama3.2:1b": {}, tutor: { from: "llama3.2:1b" } },
    },
    api: { cpus: 0.5 },
    down: false,
  });
});

test.each(["postgres", "redis", "neo4j", "qdrant", "minio", "ollama"])("%s can be left out", (name) => {
  expect(configured({ [`stackyard:${name}`]: { enabled: false, memoryMiB: 64 } })).toEqual({
    ...DEFAULTS,
    [name]: undefined,
  });
});

test("all faults are told at once", () => {
  const settings = {
    "stackyard:enviroment": "prod",
    "stackyard:postgres": { enabled: "yes" },
    "stackyard:neo4j": { heapMiB: 1 },
    "stackyard:ollama": { models: ["llama3.2:1b"] },
    "stackyard:api": { enabled: false },
    "stackyard:apiKeys": { OPENAI_API_KEY: "required", OTHER_KEY: "optional" },
    "stackyard:UNHEARD_OF": "hunter22",
  };
  expect(() => configured(settings)).toThrow(
    new ArgsError("stack dev has bad settings", [
      'postgres.enabled: should be true or false, got "yes"',
      "neo4j.heapMiB: should be whole MiB, 128 or more, got 1",
      "ollama.models: should be names with values, got a list",
      "api.enabled: should not be there",
      "enviroment: should not be there",
      "UNHEARD_OF: should not be there",
      'OPENAI_API_KEY: should be set, got nothing: make pulumi ARGS="config set -s dev --secret OPENAI_API_KEY" asks for it',
    ]).message,
  );
});

test("a key that is set where it should only be named is not shown", () => {
  expect(() => configured({ "stackyard:apiKeys": { OPENAI_API_KEY: "hunter22" } })).toThrow(
    new ArgsError("stack dev has bad settings", [
      "apiKeys.OPENAI_API_KEY: should be one of required, optional, got a value that is not shown",
    ]).message,
  );
});

test("what belongs to others is theirs", () => {
  expect(
    configured({ "docker:host": "tcp://one", "stackyardish:program": "x", "stackyard:environment": "prod" }),
  ).toEqual({
    ...DEFAULTS,
    environment: "prod",
  });
});

test("goes by the project's name", () => {
  mock({ project: "shop" });
  expect(configured({ "shop:environment": "prod", "stackyard:environment": "dev" })).toEqual({
    ...DEFAULTS,
    environment: "prod",
  });
});

test("ports on the host are found wherever they are set, and others put in their place", () => {
  const settings = configured({
    "stackyard:postgres": { hostPort: 5432, memoryMiB: 64 },
    "stackyard:neo4j": { hostPort: 7687, httpHostPort: 7474 },
    "stackyard:minio": { enabled: false, hostPort: 9000 },
    "stackyard:api": { hostPort: 3000 },
  });
  expect(hostPorts(settings)).toEqual({
    "postgres.hostPort": 5432,
    "neo4j.hostPort": 7687,
    "neo4j.httpHostPort": 7474,
    "api.hostPort": 3000,
  });
  const others = withPorts(settings, { "postgres.hostPort": 1, "neo4j.httpHostPort": 2 });
  expect(others).toEqual({
    ...settings,
    postgres: { hostPort: 1, memoryMiB: 64 },
    neo4j: { hostPort: 7687, httpHostPort: 2 },
  });
  expect(withPorts(settings, {})).toEqual(settings);
});

test.each<[string | undefined, string[] | undefined]>([
  ["postgres,api", ["postgres", "api"]],
  ["", undefined],
  [undefined, undefined],
])("STACKYARD_ONLY=%s", (value, only) => {
  vi.stubEnv("STACKYARD_ONLY", value);
  expect(configured({}).only).toEqual(only);
});

test.each<[string | undefined, boolean]>([
  ["1", true],
  ["0", false],
  ["", false],
  [undefined, false],
])("STACKYARD_DOWN=%s: down is %s", (value, down) => {
  vi.stubEnv("STACKYARD_DOWN", value);
  expect(configured({}).down).toBe(down);
});

describe("the tracked files", () => {
  const file = (name: string) => parse(readFileSync(name, "utf8")) as { config: Record<string, unknown> };

  test("Pulumi.dev.yaml publishes everything on this machine", () => {
    expect(configured(file("Pulumi.dev.yaml").config)).toEqual({
      ...DEFAULTS,
      postgres: { hostPort: 5432 },
      redis: { hostPort: 6379 },
      neo4j: { hostPort: 7687, httpHostPort: 7474, memoryMiB: 768 },
      qdrant: { hostPort: 6333 },
      minio: { hostPort: 9000, consoleHostPort: 9001, memoryMiB: 256 },
      ollama: { hostPort: 11_434, memoryMiB: 1024, models: {} },
      api: { hostPort: 3000 },
    });
  });

  test("Pulumi.prod.yaml publishes the API alone, and limits everything", () => {
    const settings = configured(file("Pulumi.prod.yaml").config);
    const { program, environment, ports, apiKeys, keys, down, ...services } = settings;
    expect([environment, hostPorts(settings)]).toEqual(["prod", { "api.hostPort": 3000 }]);
    expect(Object.keys(services).sort()).toEqual(["api", "minio", "neo4j", "ollama", "postgres", "qdrant", "redis"]);
    for (const [name, options] of Object.entries(services)) {
      expect([name, options]).toEqual([
        name,
        expect.objectContaining({ memoryMiB: expect.any(Number), cpus: expect.any(Number) }),
      ]);
    }
  });

  test.each(["Pulumi.dev.yaml", "Pulumi.prod.yaml"])("%s holds no salt and no secret of one clone", (name) => {
    expect(Object.keys(file(name))).toEqual(["config"]);
    expect(readFileSync(name, "utf8")).not.toMatch(/secure:|encryption/);
  });

  test("Pulumi.yaml declares settings that there are, with the same defaults", () => {
    const { config } = file("Pulumi.yaml");
    const declared = Object.entries(config).filter(([key]) => !key.includes(":")) as [
      keyof typeof DEFAULTS,
      { default?: unknown },
    ][];
    for (const [key, setting] of declared) {
      expect(Object.keys(configured({ "stackyard:imageSource": "registry", "stackyard:imageMirror": "m" }))).toContain(
        key,
      );
      if (setting.default !== undefined) expect([key, setting.default]).toEqual([key, DEFAULTS[key]]);
    }
    expect(declared.length).toBeGreaterThan(0);
  });
});
