import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { hostPorts } from "../../../components/program/host-ports.ts";
import { settingsOf } from "../../../components/program/settings.ts";
import { polyglotSettings } from "../helpers/programs.ts";

// The stack files that git tracks.

const file = (name: string) => parse(readFileSync(name, "utf8")) as { config: Record<string, unknown> };
const settingsIn = (name: string) => {
  const { config } = file(name);
  const settings = Object.entries({ "stackyard:program": "polyglot", ...config });
  return settingsOf(
    Object.fromEntries(settings.map(([key, value]) => [key.replace("stackyard:", ""), value])),
    "dev",
    "stacks",
  );
};

test("Pulumi.dev.yaml publishes everything on this machine", async () => {
  const { own } = await settingsIn("Pulumi.dev.yaml");
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

test("Pulumi.prod.yaml publishes only the proxy, and limits everything", async () => {
  const { common, own } = await settingsIn("Pulumi.prod.yaml");
  expect([common.environment, hostPorts(own)]).toEqual(["prod", { "proxy.hostPort": 3000 }]);
  const { config } = file("Pulumi.prod.yaml");
  for (const name of Object.keys(own)) {
    const limits = { memoryMiB: expect.any(Number), cpus: expect.any(Number) };
    expect([name, config[`stackyard:${name}`]]).toEqual([name, expect.objectContaining(limits)]);
  }
});

describe.each(["Pulumi.dev.yaml", "Pulumi.prod.yaml"])("%s", (name) => {
  test("holds no salt and no secret of one clone", () => {
    expect(Object.keys(file(name))).toEqual(["config"]);
    expect(readFileSync(name, "utf8")).not.toMatch(/secure:|encryption/);
  });
});
