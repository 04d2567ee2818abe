import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Api, type ApiArgs, Postgres, Redis, SetupJob } from "../../../components/index.ts";
import { probed } from "../helpers/engine.ts";
import { deliveriesTo, everyService, expectNoSecret, healthcheck } from "../helpers/expected.ts";
import { deploy, held, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

const CONTAINER = "Container api";
let context: string;
beforeAll(() => {
  context = mkdtempSync(join(tmpdir(), "stackyard-api-"));
  writeFileSync(join(context, "Dockerfile"), "FROM scratch\n");
});
afterAll(() => rmSync(context, { recursive: true, force: true }));
beforeEach(() => {
  vi.stubEnv("NODE_EXTRA_CA_CERTS", undefined);
  vi.stubEnv("SSL_CERT_FILE", undefined);
});

const alone = (args: Partial<ApiArgs> = {}, options: Options = {}) =>
  deploy((platform) => new Api("api", { platform, build: { context }, probe: ["node", "probe.ts"], ...args }), options);
const withAll = (args: Partial<ApiArgs> = {}, options: Options = {}) =>
  deploy((platform) => {
    const database = new Postgres("pg", { platform });
    const cache = new Redis("cache", { platform });
    const schema = new SetupJob("schema", { platform, image: "alpine:3", command: ["true"], uses: { database } });
    new Redis("other", { platform });
    return new Api("api", {
      platform,
      build: { context },
      probe: ["true"],
      uses: { database, cache, schema },
      ...args,
    });
  }, options);

test("is made of an image, a network, a container and a gate", async () => {
  expect((await alone()).types).toEqual({
    "Platform platform": "stackyard:core:Platform",
    "Provider docker": "pulumi:providers:docker",
    "Stash identity": "pulumi:index:Stash",
    "Stash ledger": "pulumi:index:Stash",
    "Api api": "stackyard:app:Api",
    "RemoteImage api": "docker:index/remoteImage:RemoteImage",
    "Network api": "docker:index/network:Network",
    "Container api": "docker:index/container:Container",
    "Stash api-ready": "pulumi:index:Stash",
  });
});

test("its container has these inputs by default, and a new one may run beside the old one", async () => {
  const { inputs, deleteBeforeReplace, dependsOn } = (await alone()).get(CONTAINER);
  expect(inputs).toEqual({
    ...everyService(256, 15),
    init: true,
    image: "sha256:api",
    envs: ["PORT=3000"],
    user: "1000:1000",
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    healthcheck: healthcheck(["CMD", "node", "probe.ts"]),
    // It has its name only once it is ready.
    networksAdvanced: [{ name: idOf("api"), aliases: [] }],
    labels: labels("api", "service"),
    ports: [],
    volumes: [],
  });
  expect({ deleteBeforeReplace, dependsOn }).toEqual({
    deleteBeforeReplace: false,
    dependsOn: ["Network api", "RemoteImage api"],
  });
});

test("each option has its effect", async () => {
  const stack = await alone({
    port: 8080,
    hostPort: 18_080,
    env: { LOG_LEVEL: "debug" },
    user: "0:0",
    memoryMiB: 512,
    cpus: 2,
    readyTimeoutSeconds: 10,
    stopGraceSeconds: 1,
  });
  expect(stack.get(CONTAINER).inputs).toMatchObject({
    ...everyService(512, 1),
    init: true,
    envs: ["PORT=8080", "LOG_LEVEL=debug"],
    user: "0:0",
    cpus: "2.0",
    ports: [{ internal: 8080, external: 18_080, ip: "127.0.0.1", protocol: "tcp" }],
    healthcheck: { startPeriod: "10s" },
  });
  expect(stack.get(CONTAINER).deleteBeforeReplace).toBe(true);
});

test.each<[string, Partial<ApiArgs>, string[]]>([
  ["internal by default", {}, ["api"]],
  ["internal when it is published, beside one for ports", { hostPort: 18_080 }, ["api", "api-outside"]],
  ["internal when it may reach out, beside one for that", { egress: true }, ["api", "api-outside"]],
])("its network is %s", async (_, args, networks) => {
  const stack = await alone(args);
  expect(
    stack
      .of("Network")
      .map(({ name }) => name)
      .sort(),
  ).toEqual(networks);
  expect(stack.get("Network api").inputs.internal).toBe(true);
});

describe("what it refers to", () => {
  test("is ready or done before it starts", async () => {
    const stack = await withAll();
    expect(stack.get(CONTAINER).dependsOn).toEqual([
      "Network api",
      "Network cache",
      "Network pg",
      "RemoteImage api",
      "Stash cache-ready",
      "Stash pg-ready",
      "Stash schema-done",
      "Volume api-secrets",
    ]);
    expect(
      stack.resources.filter(({ key }) => key.endsWith(" other")).some(({ key }) => stack.waitsFor(CONTAINER, key)),
    ).toBe(false);
  });

  test("is all that it reaches", async () => {
    expect((await withAll()).get(CONTAINER).inputs.networksAdvanced).toEqual([
      { name: idOf("api"), aliases: [] },
      { name: idOf("pg"), aliases: [] },
      { name: idOf("cache"), aliases: [] },
    ]);
  });

  test("gives it variables with addresses, and URLs as files", async () => {
    const stack = await withAll({ env: { LOG_LEVEL: "debug" } });
    expect(stack.get(CONTAINER).inputs.envs).toEqual([
      "DATABASE_HOST=pg",
      "DATABASE_PORT=5432",
      "DATABASE_USER=app",
      "DATABASE_NAME=app",
      "DATABASE_URL_FILE=/run/secrets/database_url",
      "DATABASE_PASSWORD_FILE=/run/secrets/database_password",
      "CACHE_HOST=cache",
      "CACHE_PORT=6379",
      "CACHE_USER=default",
      "CACHE_URL_FILE=/run/secrets/cache_url",
      "CACHE_PASSWORD_FILE=/run/secrets/cache_password",
      "PORT=3000",
      "LOG_LEVEL=debug",
    ]);
    expect(await deliveriesTo(stack, "api")).toEqual([
      {
        to: volumeOf("api-secrets"),
        files: {
          database_url: `postgresql://app:${passwordOf("pg-password")}@pg:5432/app`,
          database_password: passwordOf("pg-password"),
          cache_password: passwordOf("cache-password"),
          cache_url: `redis://default:${passwordOf("cache-password")}@cache:6379`,
        },
        access: "400 1000:1000",
      },
    ]);
    expectNoSecret(stack.resources, [passwordOf("pg-password"), passwordOf("cache-password")]);
  });

  test("gives it secrets in its environment only on request, marked as secret", async () => {
    const stack = await withAll({ credentials: "environment" });
    const { inputs, secretInputs } = stack.get(CONTAINER);
    expect(inputs.envs).toEqual([
      "DATABASE_HOST=pg",
      "DATABASE_PORT=5432",
      "DATABASE_USER=app",
      "DATABASE_NAME=app",
      `DATABASE_URL=postgresql://app:${passwordOf("pg-password")}@pg:5432/app`,
      `DATABASE_PASSWORD=${passwordOf("pg-password")}`,
      "CACHE_HOST=cache",
      "CACHE_PORT=6379",
      "CACHE_USER=default",
      `CACHE_URL=redis://default:${passwordOf("cache-password")}@cache:6379`,
      `CACHE_PASSWORD=${passwordOf("cache-password")}`,
      "PORT=3000",
    ]);
    expect(secretInputs).toEqual(["envs.4", "envs.5", "envs.9", "envs.10"]);
    expect([stack.keys.includes("Volume api-secrets"), inputs.volumes]).toEqual([false, []]);
  });

  test("does not change for it", async () => {
    const [without, withIt] = [await deploy((platform) => new Postgres("pg", { platform })), await withAll()];
    for (const key of ["Container pg", "Network pg", "Volume pg-data"])
      expect(withIt.get(key).inputs).toEqual(without.get(key).inputs);
  });
});

describe("secrets of other origin", () => {
  const secrets = { OPENAI_API_KEY: "sk-0123456789" };

  test("are files, and hidden in messages", async () => {
    const stack = await alone({ secrets });
    expect(stack.get(CONTAINER).inputs.envs).toEqual(["OPENAI_API_KEY_FILE=/run/secrets/openai_api_key", "PORT=3000"]);
    expect(await deliveriesTo(stack, "api")).toEqual([
      { to: volumeOf("api-secrets"), files: { openai_api_key: "sk-0123456789" }, access: "400 1000:1000" },
    ]);
    expectNoSecret(stack.resources, ["sk-0123456789"]);
    expect(stack.platform.secrets.mask("bad key sk-0123456789")).toBe("bad key [secret]");
  });

  test("are in its environment only on request, marked as secret", async () => {
    const { inputs, secretInputs } = (await alone({ secrets, credentials: "environment" })).get(CONTAINER);
    expect([inputs.envs, secretInputs]).toEqual([["OPENAI_API_KEY=sk-0123456789", "PORT=3000"], ["envs.0"]]);
  });
});

test("a key of several lines arrives unchanged, and each of its lines is hidden in messages", async () => {
  const lines = ["-----BEGIN PRIVATE KEY-----", "MC4CAQAwBQYDK2VwBCIEIA0N", "Qw==", "-----END PRIVATE KEY-----"];
  const pem = `${lines.join("\r\n")}\n`;
  const stack = await alone({ secrets: { SIGNING_KEY: pem } });
  expect(await deliveriesTo(stack, "api")).toMatchObject([{ files: { signing_key: pem } }]);
  const { mask } = stack.platform.secrets;
  expect(lines.map((line) => mask(`got ${line}.`))).toEqual(lines.map(() => "got [secret]."));

  const { inputs } = (await alone({ secrets: { SIGNING_KEY: pem }, credentials: "environment" })).get(CONTAINER);
  expect(inputs.envs).toEqual([`SIGNING_KEY=${pem}`, "PORT=3000"]);
});

describe("hot reload", () => {
  const develop = { mounts: { "examples/api/src": "/app/src" }, command: ["node", "src/reload.ts"] };
  const particular = async (args: Partial<ApiArgs>, options?: Options) => {
    const stack = await alone({ build: { context: "examples/api" }, ...args }, options);
    const { command, mounts } = stack.get(CONTAINER).inputs;
    return { command, mounts, image: stack.get("RemoteImage api").inputs.name };
  };

  test("mounts this machine's sources, and leaves them out of the image's hash", async () => {
    const { image } = await particular({});
    const live = await particular({ develop });
    expect(live).toEqual({
      command: ["node", "src/reload.ts"],
      mounts: [{ type: "bind", source: join(process.cwd(), "examples/api/src"), target: "/app/src", readOnly: true }],
      image: expect.stringMatching(/-[0-9a-f]{12}$/),
    });
    expect(live.image).not.toBe(image);
  });

  test.each<[string, Partial<ApiArgs>, Options]>([
    ["in prod", {}, { environment: "prod" }],
    ["on another machine's engine", {}, { host: "tcp://elsewhere:2375" }],
    ["when it is switched off", { hotReload: false }, {}],
  ])("does not apply %s", async (_, args, options) => {
    vi.spyOn(pulumi.log, "info").mockResolvedValue();
    expect(await particular({ develop, ...args }, options)).toEqual(await particular({}, options));
  });
});

describe("ready", () => {
  test("passes once its probe has passed", async () => {
    const stack = await alone();
    stack.engine.container(idOf("api"), {
      status: "running",
      startedAt: new Date(),
      health: { status: "healthy", probes: [probed(0)] },
    });
    await expect(stack.run("api-ready")).resolves.toBeUndefined();
  });

  test("fails with its last log lines, without the credentials of what it uses", async () => {
    const stack = await withAll();
    const secret = passwordOf("pg-password");
    stack.engine
      .container(idOf("api"))
      .onStart((it) => it.writes(`cannot reach postgresql://app:${secret}@pg`).exits(1));
    await expect(stack.run("api-ready")).rejects.toThrow(
      new Error(
        'Api "api" stopped with exit code 1\nlast log lines:\n  cannot reach postgresql://app:[secret]@pg\n' +
          "Mend the cause and run `up` again: it will be tried again.",
      ),
    );
  });
});

test("has a connection, a network and a gate for others, as a database has", async () => {
  const { made } = await alone({ port: 8080, hostPort: 18_080 });
  const { connection } = made;
  expect({
    ...connection,
    host: await held(connection.host),
    url: await held(connection.url),
    fromHost: await held(connection.fromHost),
  }).toEqual({
    host: "api",
    port: 8080,
    url: "http://api:8080",
    fromHost: { host: "127.0.0.1", port: 18_080, url: "http://127.0.0.1:18080" },
  });
  expect([await held(made.network?.key), made.gate === made.ready]).toEqual([idOf("api"), true]);
});

test("none of its resources is protected, even in prod", async () => {
  const stack = await alone({}, { environment: "prod" });
  expect(stack.resources.filter(({ protect }) => protect)).toEqual([]);
});

test("when down, neither container, network nor gate is declared", async () => {
  const stack = await withAll({}, { down: true });
  expect(stack.resources.filter(({ parent }) => parent === "Api api").map(({ key }) => key)).toEqual([]);
  expect([...stack.of("Container"), ...stack.of("Network")]).toEqual([]);
  expect(pulumi.Output.isInstance(stack.made.connection.url)).toBe(true);
});
