import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hostPorts } from "../../../components/program/host-ports.ts";
import { polyglotSettings, trackedFile, trackedSettings } from "../helpers/programs.ts";

// The stack files that git tracks.

test("Pulumi.dev.yaml publishes everything on this machine", async () => {
  const { own } = await trackedSettings("Pulumi.dev.yaml");
  expect(Object.keys(own)).toEqual(Object.keys(polyglotSettings()));
  expect(hostPorts(own)).toEqual({
    "postgres.hostPort": 5432,
    "redis.hostPort": 6379,
    "neo4j.hostPort": 7687,
    "neo4j.httpHostPort": 7474,
    "qdrant.hostPort": 6333,
    "minio.hostPort": 9000,
    "minio.consoleHostPort": 9001,
    "ollama.hostPort": 11_434,
    "api.hostPort": 3000,
  });
});

test("Pulumi.webapp-dev.yaml publishes everything on this machine", async () => {
  const { common, own } = await trackedSettings("Pulumi.webapp-dev.yaml");
  expect([common.program, common.environment]).toEqual(["webapp", "dev"]);
  expect(hostPorts(own)).toEqual({
    "proxy.hostPort": 8420,
    "backend.hostPort": 5420,
    "frontend.hostPort": 3420,
    "database.hostPort": 3421,
    "cache.hostPort": 6420,
  });
});

test.each([
  ["Pulumi.prod.yaml", 3000, ["postgres", "redis", "neo4j", "qdrant", "minio", "ollama", "api", "proxy"]],
  // The front end does not run in prod.
  ["Pulumi.webapp-prod.yaml", 8420, ["database", "cache", "backend", "proxy"]],
])("%s publishes only the proxy, and limits everything that runs", async (name, port, limited) => {
  const { common, own } = await trackedSettings(name);
  expect([common.environment, hostPorts(own)]).toEqual(["prod", { "proxy.hostPort": port }]);
  expect(
    Object.keys(own)
      .filter((each) => each !== "frontend")
      .sort(),
  ).toEqual(limited.toSorted());
  const { config } = trackedFile(name);
  for (const each of limited) {
    const limits = { memoryMiB: expect.any(Number), cpus: expect.any(Number) };
    expect([each, config[`stackyard:${each}`]]).toEqual([each, expect.objectContaining(limits)]);
  }
});

test("Pulumi.webapp-prod.yaml has the limits of issue 11", async () => {
  const { own } = await trackedSettings("Pulumi.webapp-prod.yaml");
  expect(own).toMatchObject({
    proxy: { cpus: 1, memoryMiB: 256 },
    backend: { cpus: 2, memoryMiB: 1024, replicas: 3 },
    database: { cpus: 1, memoryMiB: 512 },
    cache: { cpus: 0.5, memoryMiB: 256 },
  });
});

describe.each(readdirSync(".").filter((name) => /^Pulumi\.(dev|prod|\w+-(dev|prod))\.yaml$/.test(name)))(
  "%s",
  (name) => {
    test("holds no salt and no secret of one clone", () => {
      expect(Object.keys(trackedFile(name))).toEqual(["config"]);
      expect(readFileSync(name, "utf8")).not.toMatch(/secure:|encryption/);
    });
  },
);
