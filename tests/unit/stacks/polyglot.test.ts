import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { program } from "../../../stacks/polyglot.ts";
import { type Delivery, deliveriesTo, deliveriesToJob, expectNoSecret } from "../helpers/expected.ts";
import { polyglotSettings } from "../helpers/programs.ts";
import { deploy, held, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

type Settings = ReturnType<typeof polyglotSettings>;
const DEV = polyglotSettings({
  postgres: { hostPort: 5432 },
  redis: { hostPort: 6379 },
  neo4j: { hostPort: 7687, httpHostPort: 7474 },
  qdrant: { hostPort: 6333 },
  minio: { hostPort: 9000, consoleHostPort: 9001 },
  ollama: { hostPort: 11_434, models: {} },
  api: { hostPort: 3000 },
});
const PROD = { api: { hostPort: 3000, memoryMiB: 512, cpus: 1 } };
const DATABASES = ["postgres", "redis", "neo4j", "qdrant", "minio", "ollama"] as const;
/** Each setup job and its own database. */
const JOBS = {
  "postgres-setup": "postgres",
  "neo4j-setup": "neo4j",
  "qdrant-setup": "qdrant",
  "minio-setup": "minio",
} as const;
const up = (settings: Settings = DEV, options: Options = {}) =>
  deploy((platform) => program(platform, settings), options);
const upInProd = (set: Record<string, unknown> = {}) =>
  up(polyglotSettings({ ...PROD, ...set }), { environment: "prod" });

const each = <T, Value>(of: readonly T[], entry: (one: T) => [string, Value]): Record<string, Value> =>
  Object.fromEntries(of.map(entry));

beforeEach(() => {
  vi.stubEnv("NODE_EXTRA_CA_CERTS", undefined);
  vi.stubEnv("SSL_CERT_FILE", undefined);
});

const SECRETS = ["postgres-password", "redis-password", "neo4j-password", "qdrant-api-key", "minio-password"];

/** The resources that stay when the stack is down. */
const LASTS = {
  "Platform platform": "stackyard:core:Platform",
  "Provider docker": "pulumi:providers:docker",
  "Stash identity": "pulumi:index:Stash",
  "Stash ledger": "pulumi:index:Stash",
  "Postgres postgres": "stackyard:databases:Postgres",
  "Redis redis": "stackyard:databases:Redis",
  "Neo4j neo4j": "stackyard:databases:Neo4j",
  "Qdrant qdrant": "stackyard:databases:Qdrant",
  "Minio minio": "stackyard:databases:Minio",
  "Ollama ollama": "stackyard:databases:Ollama",
  ...each(SECRETS, (name) => [`RandomPassword ${name}`, "random:index/randomPassword:RandomPassword"]),
  ...each(DATABASES, (name) => [`Volume ${name}-data`, "docker:index/volume:Volume"]),
  "PostgresSetup postgres-setup": "stackyard:jobs:PostgresSetup",
  "Neo4jSetup neo4j-setup": "stackyard:jobs:Neo4jSetup",
  "QdrantSetup qdrant-setup": "stackyard:jobs:QdrantSetup",
  "MinioSetup minio-setup": "stackyard:jobs:MinioSetup",
  ...each(Object.keys(JOBS), (name) => [`Stash ${name}-done`, "pulumi:index:Stash"]),
  "Api api": "stackyard:app:Api",
};

const IMAGES = each(
  [
    "image-node-24-slim",
    "image-postgres-17",
    "image-redis-8",
    "image-neo4j-5-26-community",
    "image-qdrant-qdrant-v1-19-0-unprivileged",
    "image-quay-io-minio-minio-RELEASE-2025-09-07T16-13-09Z",
    "image-ollama-ollama-0-17-4",
    "api",
  ],
  (name) => [`RemoteImage ${name}`, "docker:index/remoteImage:RemoteImage"],
);

const SERVICES = [...DATABASES, "api"] as const;
/** @returns the name of the network through which a service is published. */
const outside = (name: string) => `${name}-outside`;

test("consists of exactly these resources", async () => {
  expect((await up()).types).toEqual({
    ...LASTS,
    ...IMAGES,
    ...each([...SERVICES, ...Object.keys(JOBS)], (name) => [`Container ${name}`, "docker:index/container:Container"]),
    ...each([...SERVICES, ...SERVICES.map(outside)], (name) => [`Network ${name}`, "docker:index/network:Network"]),
    ...each(SERVICES, (name) => [`Stash ${name}-ready`, "pulumi:index:Stash"]),
    // Ollama has no secrets.
    ...each(
      SERVICES.filter((name) => name !== "ollama"),
      (name) => [`Volume ${name}-secrets`, "docker:index/volume:Volume"],
    ),
  });
});

/** The name by which the API refers to each database. */
const REFERENCES = {
  postgres: "database",
  redis: "cache",
  neo4j: "graph",
  qdrant: "vectors",
  minio: "storage",
  ollama: "models",
};

test.each(DATABASES)("without %s, neither its resources nor its variables in the API exist", async (name) => {
  const [all, stack] = [await up(), await up({ ...DEV, [name]: undefined })];
  expect(stack.keys).toEqual(all.keys.filter((key) => !key.includes(name)));
  const [known, left] = [all, stack].map((each) => each.get("Container api").inputs.envs as string[]);
  const own = `${REFERENCES[name].toUpperCase()}_`;
  expect(known?.some((each) => each.startsWith(`${own}HOST=`))).toBe(true);
  expect(left).toEqual(known?.filter((each) => !each.startsWith(own)));
  expect(Object.keys(stack.made)).toEqual(SERVICES.filter((each) => each !== name));
});

test("models that are set are pulled, and the API waits for them", async () => {
  const stack = await up(polyglotSettings({ ollama: { egress: true, models: { "llama3.2:1b": {} } } }));
  expect(stack.get("OllamaModels ollama-models").type).toBe("stackyard:jobs:OllamaModels");
  expect(stack.waitsFor("Stash ollama-models-done", "Stash ollama-ready")).toBe(true);
  expect(stack.waitsFor("Container api", "Stash ollama-models-done")).toBe(true);
});

test("has the same resources in prod, without the networks of what is not published", async () => {
  const [dev, prod] = [await up(), await upInProd()];
  expect(prod.keys).toEqual(dev.keys.filter((key) => !DATABASES.some((name) => key === `Network ${outside(name)}`)));
});

test("when down, only what lasts is declared", async () => {
  const stack = await up(DEV, { down: true });
  expect(stack.types).toEqual(LASTS);
  expect(stack.get("Stash ledger").inputs).toEqual((await up()).get("Stash ledger").inputs);
});

describe("order", () => {
  test("databases start in parallel", async () => {
    const stack = await up();
    for (const one of DATABASES) {
      for (const other of DATABASES.filter((name) => name !== one)) {
        expect([one, other, stack.waitsFor(`Stash ${one}-ready`, `Container ${other}`)]).toEqual([one, other, false]);
      }
    }
  });

  test.each(Object.entries(JOBS))("%s runs when %s answers, not when all do", async (job, database) => {
    const stack = await up();
    const waited = DATABASES.filter((name) => stack.waitsFor(`Stash ${job}-done`, `Container ${name}`));
    expect([waited, stack.waitsFor(`Stash ${job}-done`, `Stash ${database}-ready`)]).toEqual([[database], true]);
  });

  test("the API starts when all that it refers to is ready and done", async () => {
    const stack = await up();
    const gates = [...DATABASES.map((name) => `${name}-ready`), ...Object.keys(JOBS).map((name) => `${name}-done`)];
    expect(stack.get("Container api").dependsOn).toEqual(expect.arrayContaining(gates.map((name) => `Stash ${name}`)));
  });

  test("nothing waits for the API", async () => {
    const stack = await up();
    const waiting = stack.resources.filter(({ key }) => stack.waitsFor(key, "Container api")).map(({ key }) => key);
    expect(waiting).toEqual(["Stash api-ready"]);
  });

  test("image, network, secrets and the jobs' containers do not wait for databases", async () => {
    const stack = await up();
    const jobs = Object.keys(JOBS).map((name) => `Container ${name}`);
    for (const key of ["RemoteImage api", "Network api", "Volume api-secrets", ...jobs]) {
      expect([key, DATABASES.filter((name) => stack.waitsFor(key, `Stash ${name}-ready`))]).toEqual([key, []]);
    }
  });
});

describe("isolation", () => {
  test("containers that do not refer to each other share no network", async () => {
    const stack = await up();
    const networks = (key: string) =>
      (stack.get(key).inputs.networksAdvanced as { name: string }[]).map(({ name }) => name);
    const containers = stack.of("Container").map(({ key, name }) => [name, networks(key)]);
    expect(Object.fromEntries(containers)).toEqual({
      ...each(DATABASES, (name) => [name, [name, outside(name)].map(idOf)]),
      ...each(Object.entries(JOBS), ([job, database]) => [job, [idOf(database)]]),
      api: ["api", outside("api"), ...DATABASES].map(idOf),
    });
  });

  test.each<[string, () => ReturnType<typeof up>, Record<string, number[]>]>([
    [
      "dev: everything, on 127.0.0.1",
      up,
      {
        postgres: [5432],
        redis: [6379],
        neo4j: [7474, 7687],
        qdrant: [6333],
        minio: [9000, 9001],
        ollama: [11_434],
        api: [3000],
      },
    ],
    ["prod: the API", upInProd, { ...each(DATABASES, (name) => [name, []]), api: [3000] }],
  ])("published in %s", async (_, upIn, expected) => {
    const stack = await upIn();
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
    const networks = (await upInProd())
      .of("Network")
      .map(({ name, inputs }) => ({ name, internal: inputs.internal, options: inputs.options }));
    const published = { "com.docker.network.bridge.enable_ip_masquerade": "false" };
    const closed = { ...published, "com.docker.network.bridge.inhibit_ipv4": "true" };
    expect(networks.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual([
      { name: "api", internal: true, options: closed },
      { name: "api-outside", internal: false, options: published },
      ...DATABASES.toSorted().map((name) => ({ name, internal: true, options: closed })),
    ]);
  });

  test("no two networks have one subnet", async () => {
    const subnets = (await up())
      .of("Network")
      .map(({ inputs }) => (inputs.ipamConfigs as { subnet: string }[])[0]?.subnet);
    expect(new Set(subnets).size).toBe(2 * SERVICES.length);
  });
});

describe("every container", () => {
  test("is hardened, limited, and its log rotates", async () => {
    for (const { key, name, inputs } of (await up()).of("Container")) {
      expect({ key, ...inputs }).toMatchObject({
        key,
        capabilities: { drops: ["ALL"] },
        securityOpts: ["no-new-privileges:true"],
        readOnly: true,
        logDriver: "json-file",
        logOpts: { "max-size": "10m", "max-file": "3" },
        // MinIO's official image has no user of its own: root, without capabilities.
        user: name === "minio" ? "0:0" : expect.stringMatching(/^[1-9]\d*:[1-9]\d*$/),
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

  test("labels carry project, stack and id", async () => {
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

  test("in prod exactly the volumes and their passwords are protected", async () => {
    const protectedOnes = (await upInProd()).resources.filter(({ protect }) => protect).map(({ key }) => key);
    expect(protectedOnes.sort()).toEqual(
      [...SECRETS.map((name) => `RandomPassword ${name}`), ...DATABASES.map((name) => `Volume ${name}-data`)].sort(),
    );
  });

  test.each<[string, () => ReturnType<typeof up>, string[]]>([
    ["in dev, of the API's sources", up, ["api"]],
    ["in dev without hot reload, of nothing", () => up(polyglotSettings({ api: { hotReload: false } })), []],
    ["in prod, of nothing", upInProd, []],
  ])("folders of this machine are mounted %s", async (_, upIn, expected) => {
    const mounted = (await upIn()).of("Container").filter(({ inputs }) => "mounts" in inputs);
    expect(mounted.map(({ name }) => name)).toEqual(expected);
  });

  test("the old container is removed first where two cannot run side by side", async () => {
    const of = async (stack: ReturnType<typeof up>) =>
      Object.fromEntries(
        (await stack).of("Container").map(({ name, deleteBeforeReplace }) => [name, deleteBeforeReplace]),
      );
    const databases = each(DATABASES, (name) => [name, true]);
    expect(await of(up())).toEqual({ ...databases, api: true });
    expect(await of(upInProd({ api: {} }))).toEqual({ ...databases, api: false });
  });

  test("settings reach their service", async () => {
    const stack = await upInProd({ postgres: { memoryMiB: 1024 }, redis: { memoryMiB: 256 } });
    expect(["postgres", "redis", "api"].map((name) => stack.get(`Container ${name}`).inputs.memory)).toEqual([
      1024, 256, 512,
    ]);
    expect(stack.get("Container api").inputs.cpus).toBe("1.0");
  });
});

describe("secrets", () => {
  const secrets = SECRETS.map(passwordOf);

  test("are only in inputs that are marked as secret", async () => {
    expectNoSecret((await up()).resources, secrets);
  });

  test("reach their users as files", async () => {
    const stack = await up();
    vi.spyOn(pulumi.log, "info").mockResolvedValue();
    const files = (deliveries: Delivery[]): Record<string, string> =>
      Object.assign({}, ...deliveries.map((each) => each.files));
    expect(Object.keys(files(await deliveriesTo(stack, "postgres")))).toEqual([
      "start.sh",
      "password",
      "password-mark",
      "pgpass",
    ]);
    expect(Object.keys(files(await deliveriesTo(stack, "redis")))).toEqual(["start.sh", "redis.conf", "password"]);
    expect(Object.keys(files(await deliveriesToJob(stack, "postgres-setup")))).toEqual([
      "pgpass",
      "setup.sh",
      "begin.sql",
      "end.sql",
      "ended.sql",
      "sql/examples/api/schema.sql",
    ]);
    expect(Object.keys(files(await deliveriesToJob(stack, "neo4j-setup")))).toEqual([
      "password",
      "1-graph.cypher",
      "all",
      "setup.sh",
    ]);
    expect(JSON.parse(files(await deliveriesToJob(stack, "qdrant-setup"))["collections.json"] ?? "")).toEqual({
      notes: { size: 256, distance: "Cosine" },
    });
    expect(files(await deliveriesTo(stack, "api"))).toEqual({
      database_url: `postgresql://app:${secrets[0]}@postgres:5432/app`,
      database_password: secrets[0],
      cache_password: secrets[1],
      graph_password: secrets[2],
      storage_password: secrets[4],
      storage_secret_key: secrets[4],
      cache_url: `redis://default:${secrets[1]}@redis:6379`,
      graph_url: `bolt://neo4j:${secrets[2]}@neo4j:7687`,
      vectors_url: "http://qdrant:6333",
      vectors_api_key: secrets[3],
      storage_url: `http://stackyard:${secrets[4]}@minio:9000`,
      models_url: "http://ollama:11434",
    });
  });

  test("are all hidden in messages", async () => {
    const { mask } = (await up()).platform.secrets;
    expect(mask(secrets.join(" "))).toBe(secrets.map(() => "[secret]").join(" "));
  });
});

test("the ledger records volumes and ports", async () => {
  const { input } = (await up()).get("Stash ledger").inputs as {
    input: { volumes: Record<string, { volume: string }>; ports: Record<string, string> };
  };
  const volumes = Object.entries(input.volumes).map(([name, { volume }]) => [name, volume]);
  expect(Object.fromEntries(volumes)).toEqual(each(DATABASES, (name) => [name, volumeOf(`${name}-data`)]));
  expect(input.ports).toEqual({
    3000: 'Api "api"',
    5432: 'Postgres "postgres"',
    6333: 'Qdrant "qdrant"',
    6379: 'Redis "redis"',
    7474: 'Neo4j "neo4j"',
    7687: 'Neo4j "neo4j"',
    9000: 'Minio "minio"',
    9001: 'Minio "minio"',
    11434: 'Ollama "ollama"',
  });
});

test("returns the connection of each service", async () => {
  const { made } = await up(polyglotSettings());
  const urls = Object.entries(made).map(async ([name, { connection }]) => [name, await held(connection.url)]);
  expect(Object.fromEntries(await Promise.all(urls))).toEqual({
    postgres: `postgresql://app:${passwordOf("postgres-password")}@postgres:5432/app`,
    redis: `redis://default:${passwordOf("redis-password")}@redis:6379`,
    neo4j: `bolt://neo4j:${passwordOf("neo4j-password")}@neo4j:7687`,
    qdrant: "http://qdrant:6333",
    minio: `http://stackyard:${passwordOf("minio-password")}@minio:9000`,
    ollama: "http://ollama:11434",
    api: "http://api:3000",
  });
});

test("of services that should not run only lasting resources are declared, without images", async () => {
  const stack = await deploy((platform) => program(platform, DEV), { only: ["redis", "postgres"] });
  const running = (kind: string) => stack.of(kind).map(({ name }) => name);
  expect(running("Container").sort()).toEqual(["postgres", "redis"]);
  expect(running("Network").sort()).toEqual(["postgres", "postgres-outside", "redis", "redis-outside"]);
  expect(running("RemoteImage").sort()).toEqual(["image-postgres-17", "image-redis-8"]);
  const all = await deploy((platform) => program(platform, DEV));
  const lasting = (one: typeof stack) =>
    [...one.of("Volume"), ...one.of("RandomPassword")]
      .map(({ key }) => key)
      .filter((key) => /-(data|password|api-key)$/.test(key));
  expect(lasting(stack).sort()).toEqual(lasting(all).sort());
  const { input } = stack.get("Stash ledger").inputs;
  expect(input).toEqual(all.get("Stash ledger").inputs.input);
});
