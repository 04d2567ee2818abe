import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Settings } from "../../../stacks/config.ts";
import { polyglot } from "../../../stacks/polyglot.ts";
import { expectNoSecret, type HandedOver, handedTo, handedToJob } from "../helpers/expected.ts";
import { deploy, held, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

const SETTINGS: Settings = { program: "polyglot", environment: "dev", postgres: {}, redis: {}, api: {}, down: false };
const DEV: Settings = { ...SETTINGS, postgres: { hostPort: 5432 }, redis: { hostPort: 6379 }, api: { hostPort: 3000 } };
const PROD: Settings = { ...SETTINGS, environment: "prod", api: { hostPort: 3000, memoryMiB: 512, cpus: 1 } };
const up = (settings = DEV, options: Options = {}) =>
  deploy((platform) => polyglot(platform, settings), { environment: settings.environment, ...options });

beforeEach(() => {
  vi.stubEnv("NODE_EXTRA_CA_CERTS", undefined);
  vi.stubEnv("SSL_CERT_FILE", undefined);
});

/** What lasts when the stack is down. */
const LASTS = {
  "Platform platform": "stackyard:core:Platform",
  "Provider docker": "pulumi:providers:docker",
  "Stash identity": "pulumi:index:Stash",
  "Stash ledger": "pulumi:index:Stash",
  "Postgres postgres": "stackyard:databases:Postgres",
  "RandomPassword postgres-password": "random:index/randomPassword:RandomPassword",
  "Volume postgres-data": "docker:index/volume:Volume",
  "Redis redis": "stackyard:databases:Redis",
  "RandomPassword redis-password": "random:index/randomPassword:RandomPassword",
  "Volume redis-data": "docker:index/volume:Volume",
  "PostgresSetup postgres-setup": "stackyard:jobs:PostgresSetup",
  "Stash postgres-setup-done": "pulumi:index:Stash",
  "Api api": "stackyard:app:Api",
};

const IMAGES = {
  "RemoteImage image-node-24-slim": "docker:index/remoteImage:RemoteImage",
  "RemoteImage image-postgres-17": "docker:index/remoteImage:RemoteImage",
  "RemoteImage image-redis-8": "docker:index/remoteImage:RemoteImage",
  "RemoteImage api": "docker:index/remoteImage:RemoteImage",
};

test("is made of this, and of nothing else", async () => {
  expect((await up()).types).toEqual({
    ...LASTS,
    ...IMAGES,
    "Volume postgres-secrets": "docker:index/volume:Volume",
    "Network postgres": "docker:index/network:Network",
    "Container postgres": "docker:index/container:Container",
    "Stash postgres-ready": "pulumi:index:Stash",
    "Volume redis-secrets": "docker:index/volume:Volume",
    "Network redis": "docker:index/network:Network",
    "Container redis": "docker:index/container:Container",
    "Stash redis-ready": "pulumi:index:Stash",
    "Container postgres-setup": "docker:index/container:Container",
    "Volume api-secrets": "docker:index/volume:Volume",
    "Network api": "docker:index/network:Network",
    "Container api": "docker:index/container:Container",
    "Stash api-ready": "pulumi:index:Stash",
  });
});

test("is the same in prod", async () => {
  expect((await up(PROD)).types).toEqual((await up()).types);
});

test("when down, only what lasts is declared", async () => {
  const stack = await up(DEV, { down: true });
  expect(stack.types).toEqual(LASTS);
  expect(stack.get("Stash ledger").inputs).toEqual((await up()).get("Stash ledger").inputs);
});

describe("order", () => {
  test("databases start in parallel", async () => {
    const stack = await up();
    expect(stack.waitsFor("Stash postgres-ready", "Container redis")).toBe(false);
    expect(stack.waitsFor("Stash redis-ready", "Container postgres")).toBe(false);
  });

  test("the setup job runs when its own database answers, not when all do", async () => {
    const stack = await up();
    expect(stack.waitsFor("Stash postgres-setup-done", "Stash postgres-ready")).toBe(true);
    expect(stack.waitsFor("Stash postgres-setup-done", "Container redis")).toBe(false);
  });

  test("the API starts when all that it refers to is ready and done", async () => {
    const stack = await up();
    expect(stack.get("Container api").dependsOn).toEqual(
      expect.arrayContaining(["Stash postgres-ready", "Stash redis-ready", "Stash postgres-setup-done"]),
    );
  });

  test("nothing waits for the API", async () => {
    const stack = await up();
    const waiting = stack.resources.filter(({ key }) => stack.waitsFor(key, "Container api")).map(({ key }) => key);
    expect(waiting).toEqual(["Stash api-ready"]);
  });

  test("what is slow and needs no database is done before: image, network, the job's container", async () => {
    const stack = await up();
    for (const key of ["RemoteImage api", "Network api", "Volume api-secrets", "Container postgres-setup"]) {
      expect([key, stack.waitsFor(key, "Stash postgres-ready")]).toEqual([key, false]);
    }
  });
});

describe("isolation", () => {
  test("two that do not refer to each other share no network", async () => {
    const stack = await up();
    const networks = (key: string) =>
      (stack.get(key).inputs.networksAdvanced as { name: string }[]).map(({ name }) => name);
    expect({
      postgres: networks("Container postgres"),
      redis: networks("Container redis"),
      setup: networks("Container postgres-setup"),
      api: networks("Container api"),
    }).toEqual({
      postgres: [idOf("postgres")],
      redis: [idOf("redis")],
      setup: [idOf("postgres")],
      api: [idOf("api"), idOf("postgres"), idOf("redis")],
    });
  });

  test.each<[string, Settings, Record<string, number[]>]>([
    ["dev: everything, on 127.0.0.1", DEV, { postgres: [5432], redis: [6379], api: [3000] }],
    ["prod: the API", PROD, { postgres: [], redis: [], api: [3000] }],
  ])("published in %s", async (_, settings, expected) => {
    const stack = await up(settings);
    const ports = stack
      .of("Container")
      .map(({ name, inputs }) => ({ name, ports: (inputs.ports ?? []) as { external: number; ip: string }[] }));
    expect(
      Object.fromEntries(
        ports
          .filter(({ name }) => name in expected)
          .map(({ name, ports }) => [name, ports.map(({ external }) => external)]),
      ),
    ).toEqual(expected);
    for (const { ip } of ports.flatMap(({ ports }) => ports)) expect(ip).toBe("127.0.0.1");
  });

  test("in prod, only the published one can be reached from outside, and none reaches out", async () => {
    const networks = (await up(PROD))
      .of("Network")
      .map(({ name, inputs }) => ({ name, internal: inputs.internal, options: inputs.options }));
    const closed = { "com.docker.network.bridge.enable_ip_masquerade": "false" };
    expect(networks.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: "api", internal: false, options: closed },
      { name: "postgres", internal: true, options: closed },
      { name: "redis", internal: true, options: closed },
    ]);
  });

  test("no two networks have one subnet", async () => {
    const subnets = (await up())
      .of("Network")
      .map(({ inputs }) => (inputs.ipamConfigs as { subnet: string }[])[0]?.subnet);
    expect(new Set(subnets).size).toBe(3);
  });
});

describe("every container", () => {
  test("is hardened, limited, and its log rotates", async () => {
    for (const { key, inputs } of (await up()).of("Container")) {
      expect({ key, ...inputs }).toMatchObject({
        key,
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        readOnly: true,
        logDriver: "json-file",
        logOpts: { "max-size": "10m", "max-file": "3" },
        user: expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
        memory: expect.any(Number),
        memorySwap: inputs.memory,
        destroyGraceSeconds: expect.any(Number),
      });
      for (const absent of ["wait", "attach", "rm", "privileged"])
        expect([key, absent in inputs]).toEqual([key, false]);
    }
  });
});

describe("names", () => {
  test("are left to Pulumi, so that no two stacks share one", async () => {
    for (const { key, inputs } of (await up()).resources) {
      if (/^(Container|Network|Volume) /.test(key)) expect([key, inputs.name]).toEqual([key, undefined]);
    }
  });

  test("what is created carries project, stack and id", async () => {
    const identity = { id: "feedbeef", host: "unix:///var/run/docker.sock", imageSource: "registry" };
    const stack = await up(DEV, { project: "shop", stack: "alice", recorded: { identity } });
    const expected = labels("", "", { project: "shop", stack: "alice", id: "feedbeef" }).slice(0, 3);
    for (const { key, inputs } of stack.resources) {
      if (/^(Container|Network|Volume) /.test(key))
        expect([key, (inputs.labels as unknown[]).slice(0, 3)]).toEqual([key, expected]);
    }
  });

  test("two stacks take different subnets of one engine from the start", async () => {
    const subnets = async (stack: string) =>
      (await up(DEV, { stack })).of("Network").map(({ inputs }) => JSON.stringify(inputs.ipamConfigs));
    const [dev, alice] = [await subnets("dev"), await subnets("alice")];
    expect(dev.filter((subnet) => alice.includes(subnet))).toEqual([]);
  });
});

describe("dev and prod", () => {
  test("nothing is protected in dev", async () => {
    expect((await up()).resources.filter(({ protect }) => protect)).toEqual([]);
  });

  test("in prod, volumes and their passwords are, and nothing else", async () => {
    const protectedOnes = (await up(PROD)).resources.filter(({ protect }) => protect).map(({ key }) => key);
    expect(protectedOnes.sort()).toEqual([
      "RandomPassword postgres-password",
      "RandomPassword redis-password",
      "Volume postgres-data",
      "Volume redis-data",
    ]);
  });

  test.each<[string, Settings, string[]]>([
    ["in dev, of the API's sources", DEV, ["api"]],
    ["in dev without hot reload, of nothing", { ...DEV, api: { hotReload: false } }, []],
    ["in prod, of nothing", PROD, []],
  ])("folders of this machine are mounted %s", async (_, settings, expected) => {
    const mounted = (await up(settings)).of("Container").filter(({ inputs }) => "mounts" in inputs);
    expect(mounted.map(({ name }) => name)).toEqual(expected);
  });

  test("the old one goes first where only one can be", async () => {
    const of = async (settings: Settings) =>
      Object.fromEntries(
        (await up(settings)).of("Container").map(({ name, deleteBeforeReplace }) => [name, deleteBeforeReplace]),
      );
    expect(await of(DEV)).toEqual({ postgres: true, redis: true, "postgres-setup": undefined, api: true });
    expect(await of({ ...PROD, api: {} })).toEqual({
      postgres: true,
      redis: true,
      "postgres-setup": undefined,
      api: false,
    });
  });

  test("settings reach their service", async () => {
    const stack = await up({ ...PROD, postgres: { memoryMiB: 1024 }, redis: { memoryMiB: 256 } });
    expect(["postgres", "redis", "api"].map((name) => stack.get(`Container ${name}`).inputs.memory)).toEqual([
      1024, 256, 512,
    ]);
    expect(stack.get("Container api").inputs.cpus).toBe("1.0");
  });
});

describe("secrets", () => {
  const secrets = ["postgres-password", "redis-password"].map(passwordOf);

  test("are in no input that is not marked", async () => {
    expectNoSecret((await up()).resources, secrets);
  });

  test("reach who needs them, as files", async () => {
    const stack = await up();
    vi.spyOn(pulumi.log, "info").mockResolvedValue();
    const files = (handed: HandedOver[]): Record<string, string> =>
      Object.assign({}, ...handed.map((each) => each.files));
    expect(Object.keys(files(await handedTo(stack, "postgres")))).toEqual(["password", "pgpass"]);
    expect(Object.keys(files(await handedTo(stack, "redis")))).toEqual(["redis.conf", "password"]);
    expect(Object.keys(files(await handedToJob(stack, "postgres-setup")))).toEqual(["pgpass", "1-schema.sql"]);
    expect(files(await handedTo(stack, "api"))).toEqual({
      database_url: `postgresql://app:${secrets[0]}@postgres:5432/app`,
      cache_url: `redis://default:${secrets[1]}@redis:6379`,
    });
  });

  test("are all hidden in what is shown", async () => {
    const mask = await (await up()).platform.secrets.mask();
    expect(mask(secrets.join(" "))).toBe("[secret] [secret]");
  });
});

test("the volumes and the ports are remembered", async () => {
  expect((await up()).get("Stash ledger").inputs).toEqual({
    input: {
      volumes: {
        postgres: {
          volume: volumeOf("postgres-data"),
          major: "17",
          firstStart: { database: "app", password: "a generated one" },
        },
        redis: { volume: volumeOf("redis-data"), major: "8", firstStart: { password: "a generated one" } },
      },
      ports: { 3000: 'Api "api"', 5432: 'Postgres "postgres"', 6379: 'Redis "redis"' },
    },
  });
});

test("tells where each service is", async () => {
  const { made } = await up();
  const urls = Object.entries(made).map(async ([name, { connection }]) => [name, await held(connection.url)]);
  expect(Object.fromEntries(await Promise.all(urls))).toEqual({
    postgres: `postgresql://app:${secretsOf("postgres")}@postgres:5432/app`,
    redis: `redis://default:${secretsOf("redis")}@redis:6379`,
    api: "http://api:3000",
  });
});
const secretsOf = (name: string) => passwordOf(`${name}-password`);
