import { beforeEach, describe, expect, test, vi } from "vitest";
import { program, settings } from "../../../stacks/webapp.ts";
import { deliveriesTo, everyContainer, expectNoSecret } from "../helpers/expected.ts";
import { trackedSettings } from "../helpers/programs.ts";
import { deploy, idOf, type Options, passwordOf, type Stack } from "../helpers/stack.ts";

// The web stack as its tracked files set it.

beforeEach(() => {
  vi.stubEnv("NODE_EXTRA_CA_CERTS", undefined);
  vi.stubEnv("SSL_CERT_FILE", undefined);
});

const DATABASES = ["database", "cache"];
const SECRETS = ["database-password", "cache-password", "backend-jwt"];

/** @param set more than the tracked file sets. */
async function up(environment: "dev" | "prod", set: object = {}, apiKeys = {}, options: Options = {}) {
  const { own } = await trackedSettings(`Pulumi.webapp-${environment}.yaml`);
  const chosen = settings.parse({ ...own, ...set });
  return deploy((platform) => program(platform, chosen, apiKeys), { environment, ...options });
}
// One after the other: a process has one Pulumi program at a time.
const both = async () => [await up("dev"), await up("prod")] as const;

const namesOf = (stack: Stack<unknown>, kind: string) =>
  stack
    .of(kind)
    .map(({ name }) => name)
    .sort();
const edges = ({ platform }: Stack<unknown>) =>
  platform.graph.edges.map(({ from, to, waits }) => `${from} ${to} ${waits}`);

describe("consists of", () => {
  test("a server each in dev, with a job that migrates the database", async () => {
    expect(namesOf(await up("dev"), "Container")).toEqual([
      ...["backend", "cache", "database", "frontend", "migration", "proxy"],
    ]);
  });

  test("three backends in prod, and jobs in the front end's place", async () => {
    const stack = await up("prod");
    expect(namesOf(stack, "Container")).toEqual([
      ...["backend", "backend.2", "backend.3", "cache", "database"],
      ...["frontend", "frontend-retire", "migration", "proxy"],
    ]);
    const jobs = stack.platform.graph.nodes.filter(({ kind }) => kind === "job").map(({ name }) => name);
    expect(jobs.sort()).toEqual(["frontend", "frontend-retire", "migration"]);
  });

  test("in prod, one image for the backend and its migration", async () => {
    const stack = await up("prod");
    const images = ["backend", "backend.2", "migration"].map((name) => stack.get(`Container ${name}`).inputs.image);
    expect(new Set(images).size).toBe(1);
  });

  test("what it is said to refer to, in both", async () => {
    const [dev, prod] = await both();
    const shared = [
      "backend cache ready",
      "backend database ready",
      "backend migration done",
      "migration database ready",
    ];
    expect(edges(dev).sort()).toEqual(
      [...shared, "frontend backend ready", "proxy backend ready", "proxy frontend ready"].sort(),
    );
    expect(edges(prod).sort()).toEqual([...shared, "proxy backend ready", "proxy frontend done"].sort());
  });
});

describe("order", () => {
  test("the databases start in parallel, and the backend after both and the migration", async () => {
    for (const stack of await both()) {
      expect(stack.waitsFor("Stash database-ready", "Container cache")).toBe(false);
      expect(stack.waitsFor("Stash cache-ready", "Container database")).toBe(false);
      expect(stack.waitsFor("Stash migration-done", "Stash database-ready")).toBe(true);
      expect(stack.get("Container backend").dependsOn).toEqual(
        expect.arrayContaining(["Stash cache-ready", "Stash database-ready", "Stash migration-done"]),
      );
    }
  });

  test("the proxy waits for nothing, and its routes for what they lead to", async () => {
    const [dev, prod] = await both();
    for (const stack of [dev, prod]) {
      const waited = namesOf(stack, "Container").filter((name) =>
        stack.waitsFor("Stash proxy-site", `Container ${name}`),
      );
      expect(waited).toEqual(["proxy"]);
      expect(stack.waitsFor("Stash proxy-route-backend", "Stash backend-ready")).toBe(true);
    }
    expect(dev.waitsFor("Stash proxy-route-frontend", "Stash frontend-ready")).toBe(true);
    expect(prod.waitsFor("Stash proxy-files-frontend", "Stash frontend-done")).toBe(true);
    // Files of before go once others are served.
    expect(prod.waitsFor("Stash frontend-retire-done", "Stash proxy-files-frontend")).toBe(true);
  });
});

describe("isolation", () => {
  const networks = (stack: Stack<unknown>, name: string) =>
    (stack.get(`Container ${name}`).inputs.networksAdvanced as { name: string }[]).map(({ name }) => name);

  test("only the backend and the migration join the networks of databases", async () => {
    for (const stack of await both()) {
      const joined = DATABASES.map((database) =>
        namesOf(stack, "Container").filter((name) => networks(stack, name).includes(idOf(database))),
      );
      const backends = namesOf(stack, "Container").filter((name) => name.startsWith("backend"));
      expect(joined).toEqual([
        [...backends, "database", "migration"],
        [...backends, "cache"],
      ]);
    }
  });

  test("the proxy reaches the applications alone, without being replaced for it", async () => {
    const [dev, prod] = await both();
    const reached = (stack: Stack<unknown>) =>
      (stack.get("Stash proxy-ready").inputs.input as { reaches: string }).reaches;
    expect([reached(dev), reached(prod)]).toEqual([[idOf("backend"), idOf("frontend")].join(), idOf("backend")]);
    for (const stack of [dev, prod]) expect(networks(stack, "proxy")).toEqual(["proxy", "proxy-outside"].map(idOf));
  });

  test.each([
    ["dev", { backend: 5420, cache: 6420, database: 3421, frontend: 3420, proxy: 8420 }],
    ["prod", { proxy: 8420 }],
  ] as const)("what is published in %s, on 127.0.0.1", async (environment, expected) => {
    const containers = (await up(environment)).of("Container");
    const published = containers.flatMap(({ name, inputs }) =>
      ((inputs.ports ?? []) as { external: number; ip: string }[]).map(
        ({ external, ip }) => [name, external, ip] as const,
      ),
    );
    expect(Object.fromEntries(published)).toEqual(expected);
    for (const [, , ip] of published) expect(ip).toBe("127.0.0.1");
  });

  test("nothing gets out but what reports errors", async () => {
    const masked = async (apiKeys: object) =>
      (await up("prod", {}, apiKeys))
        .of("Network")
        .flatMap(({ name, inputs }) =>
          (inputs.options as Record<string, string>)["com.docker.network.bridge.enable_ip_masquerade"] === "true"
            ? [name]
            : [],
        );
    expect(await masked({})).toEqual([]);
    expect(await masked({ ERROR_REPORTING_DSN: "https://key@errors.example/1" })).toEqual(["backend-outside"]);
  });

  test("every container is hardened, and limited", async () => {
    for (const stack of await both()) {
      for (const { key, inputs } of stack.of("Container")) {
        const { networkMode: _, ...every } = everyContainer(inputs.memory as number);
        expect({ key, ...inputs }).toMatchObject({ key, ...every, user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/) });
      }
    }
  });
});

describe("settings", () => {
  const said = async (set: object) =>
    (await up("prod", set)).get("Container backend.3").inputs.envs as readonly string[];

  test("the log's level and other origins reach every backend", async () => {
    expect(await said({})).toEqual(expect.arrayContaining(["LOG_LEVEL=INFO", "CORS_ORIGINS="]));
    const corsOrigins = ["https://a.example", "https://b.example"];
    expect(await said({ backend: { replicas: 3, logLevel: "DEBUG", corsOrigins } })).toEqual(
      expect.arrayContaining(["LOG_LEVEL=DEBUG", "CORS_ORIGINS=https://a.example,https://b.example"]),
    );
  });

  test("another level of the log replaces the backends, and no other container", async () => {
    const backend = { replicas: 3, memoryMiB: 1024, cpus: 2 };
    const [before, after] = [
      await up("prod", { backend }),
      await up("prod", { backend: { ...backend, logLevel: "DEBUG" } }),
    ];
    const changed = before
      .of("Container")
      .filter(({ key, inputs }) => JSON.stringify(after.get(key).inputs) !== JSON.stringify(inputs));
    expect(changed.map(({ name }) => name).sort()).toEqual(["backend", "backend.2", "backend.3"]);
  });

  test("limits are those that are set", async () => {
    const stack = await up("prod");
    const limits = ["proxy", "backend.2", "database", "cache"].map((name) => {
      const { memory, cpus } = stack.get(`Container ${name}`).inputs;
      return [name, memory, cpus];
    });
    expect(limits).toEqual([
      ["proxy", 256, "1.0"],
      ["backend.2", 1024, "2.0"],
      ["database", 512, "1.0"],
      ["cache", 256, "0.5"],
    ]);
  });
});

describe("data and secrets", () => {
  test("in prod the data of both databases and its passwords are protected, in dev nothing", async () => {
    const [dev, prod] = (await both()).map(({ resources }) =>
      resources
        .filter(({ protect }) => protect)
        .map(({ key }) => key)
        .sort(),
    );
    expect(dev).toEqual([]);
    expect(prod).toEqual([
      ...DATABASES.map((name) => `RandomPassword ${name}-password`).sort(),
      ...DATABASES.map((name) => `Volume ${name}-data`).sort(),
    ]);
  });

  test("secrets are only in inputs that are marked as such", async () => {
    for (const stack of await both()) expectNoSecret(stack.resources, SECRETS.map(passwordOf));
  });

  test("they reach the backend as files", async () => {
    const [delivery] = await deliveriesTo(
      await up("prod", {}, { ERROR_REPORTING_DSN: "https://key@errors.example/1" }),
      "backend",
    );
    const [database, cache, jwt] = SECRETS.map(passwordOf);
    expect(delivery?.files).toEqual({
      database_url: `postgresql://app:${database}@database:5432/app`,
      database_password: database,
      cache_url: `redis://default:${cache}@cache:6379`,
      cache_password: cache,
      jwt_secret: jwt,
      error_reporting_dsn: "https://key@errors.example/1",
    });
  });

  test("when down, what lasts stays, and nothing runs", async () => {
    for (const environment of ["dev", "prod"] as const) {
      const stack = await up(environment, {}, {}, { down: true });
      expect([stack.of("Container"), stack.of("Network")]).toEqual([[], []]);
      expect(namesOf(stack, "RandomPassword")).toEqual(SECRETS.toSorted());
      expect(namesOf(stack, "Volume")).toEqual([
        ...["cache-data", "database-data"],
        ...(environment === "prod" ? ["frontend-files"] : []),
        "proxy-configuration",
      ]);
    }
  });
});
