import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ArgsError } from "../../components/index.ts";
import { FakeDaemon } from "./helpers/daemon.ts";
import { held, mock, passwordOf, registered } from "./helpers/stack.ts";

let daemon: FakeDaemon;
beforeEach(async () => {
  daemon = await new FakeDaemon().ready();
  daemon.routes["GET /_ping"] = { headers: { "Api-Version": "1.45" } };
  daemon.routes["GET /networks"] = { body: [] };
  vi.stubEnv("DOCKER_HOST", daemon.host);
  vi.stubEnv("STACKYARD_DOWN", undefined);
  vi.stubEnv("STACKYARD_ONLY", undefined);
  vi.stubEnv("STACKYARD_IMAGE_SOURCE", "registry");
  vi.resetModules();
});
afterEach(() => daemon.close());

async function program(config: Record<string, string>) {
  const monitor = mock();
  pulumi.runtime.setAllConfig({ "stackyard:program": "polyglot", ...config });
  const outputs = await registered(() => import("../../index.ts"));
  return { outputs, monitor };
}

test("brings up the stack that the settings name, and tells where each service is", async () => {
  const { outputs, monitor } = await program({
    "stackyard:postgres": '{"hostPort":15432}',
    "stackyard:qdrant": '{"hostPort":16333}',
    "stackyard:minio": '{"enabled":false}',
    "stackyard:api": '{"hostPort":13000}',
  });
  expect(await held(outputs.addresses)).toEqual({
    postgres: { inside: "postgres:5432", host: "127.0.0.1:15432" },
    redis: { inside: "redis:6379" },
    neo4j: { inside: "neo4j:7687" },
    qdrant: { inside: "qdrant:6333", host: "127.0.0.1:16333" },
    ollama: { inside: "ollama:11434" },
    api: { inside: "api:3000", host: "127.0.0.1:13000" },
  });
  expect(await held(outputs.urls)).toEqual({
    postgres: `postgresql://app:${passwordOf("postgres-password")}@127.0.0.1:15432/app`,
    redis: `redis://default:${passwordOf("redis-password")}@redis:6379`,
    neo4j: `bolt://neo4j:${passwordOf("neo4j-password")}@neo4j:7687`,
    qdrant: "http://127.0.0.1:16333",
    ollama: "http://ollama:11434",
    api: "http://127.0.0.1:13000",
  });
  expect(await held(outputs.apiKeys)).toEqual({ qdrant: passwordOf("qdrant-api-key") });
  for (const secret of [outputs.urls, outputs.apiKeys]) expect(await pulumi.isSecret(secret)).toBe(true);
  expect(
    monitor.recorded
      .filter(({ key }) => key.startsWith("Container "))
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["api", "neo4j", "neo4j-setup", "ollama", "postgres", "postgres-setup", "qdrant", "qdrant-setup", "redis"]);
});

test("brings everything down but what lasts", async () => {
  vi.stubEnv("STACKYARD_DOWN", "1");
  const { monitor } = await program({});
  expect(monitor.recorded.filter(({ key }) => /^(Container|Network) /.test(key))).toEqual([]);
  expect(
    monitor.recorded
      .filter(({ key }) => key.startsWith("Volume "))
      .map(({ name }) => name)
      .sort(),
  ).toEqual(["minio-data", "neo4j-data", "ollama-data", "postgres-data", "qdrant-data", "redis-data"]);
});

test.each<[string | undefined, string[]]>([
  ["postgres,api", ["api", "postgres"]],
  ["redis", ["redis"]],
])("brings up only %s", async (only, expected) => {
  vi.stubEnv("STACKYARD_ONLY", only);
  const { monitor } = await program({});
  const containers = monitor.recorded.filter(({ key }) => key.startsWith("Container ")).map(({ name }) => name);
  expect(containers.sort()).toEqual(expected);
});

test("takes images from where the settings say", async () => {
  const { monitor } = await program({ "stackyard:imageMirror": "mirror:5000" });
  const { inputs } = monitor.recorded.find(({ key }) => key === "RemoteImage image-redis-8") ?? {};
  expect(inputs?.name).toMatch(/^mirror:5000\/library\/redis:8/);
});

test("takes subnets from where the settings say", async () => {
  const { monitor } = await program({ "stackyard:subnetPool": "10.77.0.0/16" });
  const networks = monitor.recorded.filter(({ key }) => key.startsWith("Network "));
  for (const { inputs } of networks) expect(JSON.stringify(inputs.ipamConfigs)).toMatch(/"10\.77\./);
  expect(networks.length).toBeGreaterThan(0);
});

test("refuses bad settings before it asks for an engine, or registers anything", async () => {
  const monitor = mock();
  pulumi.runtime.setAllConfig({ "stackyard:program": "polyglot", "stackyard:environment": "test" });
  await expect(import("../../index.ts")).rejects.toThrow(
    new ArgsError("stack dev has bad settings", ['environment: should be one of dev, prod, got "test"']).message,
  );
  expect([monitor.recorded, daemon.requests]).toEqual([[], []]);
});
