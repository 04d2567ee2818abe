import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { parse } from "yaml";
import { readSettings } from "../../../stacks/config.ts";
import { mock } from "../helpers/stack.ts";

beforeEach(() => {
  vi.stubEnv("STACKYARD_DOWN", undefined);
  mock();
});

const DEFAULTS = { program: "polyglot", environment: "dev", postgres: {}, redis: {}, api: {}, down: false };

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
    "stackyard:postgres": { hostPort: 15_432, memoryMiB: 1024, cpus: 1.5 },
    "stackyard:redis": { hostPort: 16_379 },
    "stackyard:api": { cpus: 0.5 },
  };
  expect(configured(settings)).toEqual({
    program: "polyglot",
    environment: "prod",
    imageSource: "packages",
    imageMirror: "registry.example.com:5000/proxy",
    postgres: { hostPort: 15_432, memoryMiB: 1024, cpus: 1.5 },
    redis: { hostPort: 16_379 },
    api: { cpus: 0.5 },
    down: false,
  });
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
      api: { hostPort: 3000 },
    });
  });

  test("Pulumi.prod.yaml publishes the API alone", () => {
    const { postgres, redis, api, environment } = configured(file("Pulumi.prod.yaml").config);
    expect([environment, postgres.hostPort, redis.hostPort, api.hostPort]).toEqual([
      "prod",
      undefined,
      undefined,
      3000,
    ]);
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
