import { setImmediate } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import { describe, expect, test } from "vitest";
import { connection } from "../../../components/core/connection.ts";
import type { Dependency } from "../../../components/core/dependency.ts";
import { environmentOf, refuseDuplicates, secrets } from "../../../components/core/environment.ts";
import { identified } from "../../../components/core/identity.ts";
import { faultsOf } from "../../../components/core/support/args.ts";
import { ContainersEngine } from "../../../components/engines/containers/containers.ts";
import { Container, external, Platform, Postgres, Redis, SetupJob } from "../../../components/index.ts";
import { FakeEngine } from "../helpers/engine.ts";
import { deploy, held, mock, refusedBy } from "../helpers/stack.ts";

const gate = {} as pulumi.Resource;
const database: Dependency = {
  gate,
  connection: connection({
    scheme: "postgresql",
    host: "pg",
    port: 5432,
    user: "app",
    password: pulumi.secret("pw"),
    database: "shop",
    hostPort: 15432,
  }),
};
const cache: Dependency = { gate, connection: connection({ scheme: "redis", host: "cache-1", port: 6379 }) };
const storage: Dependency = {
  gate,
  connection: connection({
    scheme: "http",
    host: "minio",
    port: 9000,
    ports: { console: 9001 },
    hostPort: 19_000,
    keys: { access_key: "ak", secret_key: pulumi.secret("sk") },
  }),
};
const vectors: Dependency = {
  gate,
  connection: connection({
    scheme: "http",
    host: "qdrant",
    port: 6333,
    ports: { grpc: 6334 },
    apiKey: pulumi.secret("key"),
  }),
};
const job: Dependency = { gate };
const URL = "postgresql://app:pw@pg:5432/shop";

describe("environmentOf", () => {
  test("an address is in variables, secrets are in files that variables name", async () => {
    const { env, secretFolders } = environmentOf({ database, read_cache: cache });
    expect(env).toEqual({
      DATABASE_HOST: "pg",
      DATABASE_PORT: "5432",
      DATABASE_USER: "app",
      DATABASE_NAME: "shop",
      DATABASE_URL_FILE: "/run/secrets/database_url",
      DATABASE_PASSWORD_FILE: "/run/secrets/database_password",
      READ_CACHE_HOST: "cache-1",
      READ_CACHE_PORT: "6379",
      READ_CACHE_URL_FILE: "/run/secrets/read_cache_url",
    });
    expect(await held(secretFolders)).toEqual({
      "/run/secrets": { database_url: URL, database_password: "pw", read_cache_url: "redis://cache-1:6379" },
    });
  });

  test("secrets are in the environment itself on request, marked as secret", async () => {
    const { env, secretFolders } = environmentOf({ database }, { credentials: "environment" });
    expect([await held(env), secretFolders]).toEqual([
      {
        DATABASE_HOST: "pg",
        DATABASE_PORT: "5432",
        DATABASE_USER: "app",
        DATABASE_NAME: "shop",
        DATABASE_URL: URL,
        DATABASE_PASSWORD: "pw",
      },
      {},
    ]);
    for (const name of ["DATABASE_URL", "DATABASE_PASSWORD"])
      expect(await pulumi.isSecret(env[name] as pulumi.Output<string>)).toBe(true);
  });

  test("further ports and keys have their names", async () => {
    const { env, secretFolders } = environmentOf({ storage, vectors });
    expect(env).toMatchObject({
      STORAGE_CONSOLE_PORT: "9001",
      STORAGE_PUBLIC_URL: "http://127.0.0.1:19000",
      STORAGE_ACCESS_KEY: "ak",
      STORAGE_SECRET_KEY_FILE: "/run/secrets/storage_secret_key",
      VECTORS_GRPC_PORT: "6334",
      VECTORS_API_KEY_FILE: "/run/secrets/vectors_api_key",
    });
    expect(await held(secretFolders)).toEqual({
      "/run/secrets": {
        storage_url: "http://minio:9000",
        storage_secret_key: "sk",
        vectors_url: "http://qdrant:6333",
        vectors_api_key: "key",
      },
    });
  });

  test.each([
    ["0.0.0.0", "127.0.0.1"],
    ["192.0.2.7", "192.0.2.7"],
    ["::1", "[::1]"],
    ["::", "[::1]"],
  ])("what is published on %s has a public address", (hostAddress, host) => {
    const web = { connection: connection({ scheme: "http", host: "web", port: 80, hostPort: 8080, hostAddress }) };
    expect(environmentOf({ web }).env).toMatchObject({ WEB_PUBLIC_URL: `http://${host}:8080` });
  });

  test("only servers that speak HTTP have a public address, and jobs do not get it", () => {
    expect(environmentOf({ database }).env).not.toHaveProperty("DATABASE_PUBLIC_URL");
    expect(environmentOf({ storage }, { published: false }).env).not.toHaveProperty("STORAGE_PUBLIC_URL");
  });

  test("secrets of other origin have each their own form", async () => {
    const { env, secretFolders, hidden } = environmentOf(
      {},
      {
        secrets: {
          TOKEN: { value: "t0ken" },
          CERT: { value: "one\ntwo", path: "/etc/ssl/own/cert.pem", variable: "SSL_CERT" },
          PLAIN: { value: "seen", as: "environment" },
        },
      },
    );
    expect(await held(env)).toEqual({
      TOKEN_FILE: "/run/secrets/token",
      SSL_CERT: "/etc/ssl/own/cert.pem",
      PLAIN: "seen",
    });
    expect(await held(secretFolders)).toEqual({
      "/run/secrets": { token: "t0ken" },
      "/etc/ssl/own": { "cert.pem": "one\ntwo" },
    });
    expect(hidden).toEqual(["t0ken", "one\ntwo", "seen"]);
  });

  test.each<[string, Record<string, Dependency>]>([
    ["no references", {}],
    ["jobs, which have no connection,", { schema: job }],
  ])("%s give nothing", (_, references) => {
    expect(environmentOf(references)).toEqual({ env: {}, secretFolders: {}, hidden: [] });
  });
});

describe("refuseDuplicates", () => {
  type Others = Parameters<typeof refuseDuplicates>[1];
  const refused = (references: Record<string, Dependency>, others: Partial<Others>): string[] => {
    const faults: string[] = [];
    const addIssue = (issue: unknown) => {
      const { path, message } = issue as { path: string[]; message: string };
      faults.push(`${path.join(".")}: ${message}`);
    };
    refuseDuplicates(references, { env: {}, ...others }, { addIssue });
    return faults;
  };
  const ALREADY = " already. Give one of them another name.";
  const TAKEN = "sentence `uses.database` is";

  test.each<[string, Record<string, Dependency>, Partial<Others>, string[]]>([
    [
      "refuses the variable of an address",
      { database },
      { env: { DATABASE_HOST: "x" } },
      [`env.DATABASE_HOST: ${TAKEN} DATABASE_HOST${ALREADY}`],
    ],
    [
      "refuses the variable of a URL",
      { database },
      { env: { DATABASE_URL: "x" } },
      [`env.DATABASE_URL: ${TAKEN} DATABASE_URL${ALREADY}`],
    ],
    [
      "refuses the variable of a URL's file",
      { database },
      { env: { DATABASE_URL_FILE: "x" } },
      [`env.DATABASE_URL_FILE: ${TAKEN} DATABASE_URL_FILE${ALREADY}`],
    ],
    [
      "refuses a secret of the same name",
      { database },
      { secrets: { DATABASE_PASSWORD: { value: "" } } },
      [`secrets.DATABASE_PASSWORD: ${TAKEN} DATABASE_PASSWORD${ALREADY}`],
    ],
    [
      "refuses a secret whose file would have the same path",
      { database },
      { secrets: { database_url: { value: "" } } },
      [`secrets.database_url: ${TAKEN} /run/secrets/database_url${ALREADY}`],
    ],
    [
      "refuses a secret with the same path",
      { database },
      { secrets: { OTHER: { value: "", path: "/run/secrets/database_url" } } },
      [`secrets.OTHER: ${TAKEN} /run/secrets/database_url${ALREADY}`],
    ],
    [
      "refuses a secret with the same variable",
      { database },
      { secrets: { OTHER: { value: "", variable: "DATABASE_URL_FILE" } } },
      [`secrets.OTHER: ${TAKEN} DATABASE_URL_FILE${ALREADY}`],
    ],
    [
      "refuses a secret with the name of an API key",
      { v: vectors },
      { secrets: { V_API_KEY: { value: "" } } },
      ["secrets.V_API_KEY: sentence `uses.v` is V_API_KEY already. Give one of them another name."],
    ],
    [
      "refuses a reference with the variable of another one",
      { v: vectors, v_grpc: cache },
      {},
      ["uses.v_grpc: sentence `uses.v` is V_GRPC_PORT already. Give one of them another name."],
    ],
    [
      "takes variables and secrets with names of their own",
      { database, job },
      { env: { DATABASE: "1" }, secrets: { TOKEN: { value: "" } } },
      [],
    ],
    [
      "takes the name of a file where secrets are in the environment",
      { database },
      { env: { TOKEN_FILE: "1" }, secrets: { Token: { value: "" }, TOKEN: { value: "" } }, credentials: "environment" },
      [],
    ],
    [
      "takes the name of a public address where there is none",
      { database },
      { env: { DATABASE_PUBLIC_URL: "x" }, published: false },
      [],
    ],
  ])("%s", (_, references, others, expected) => {
    expect(refused(references, others)).toEqual(expected);
  });
});

describe("secrets", () => {
  const faults = (value: unknown) => {
    const { error } = secrets().safeParse(value);
    return error ? faultsOf(error, value) : [];
  };

  test("are values, or values with options", () => {
    const value = pulumi.secret("later");
    expect(secrets().parse({ A: "plain", B: value, C: { value: "x1y2", as: "environment" } })).toEqual({
      A: { value: "plain" },
      B: { value },
      C: { value: "x1y2", as: "environment" },
    });
  });

  test("are refused without being shown", () => {
    expect(faults({ A: "a\u0000b1" })).toEqual([
      "A: should be 4 characters or more, none a control character but line breaks and tabs, got a value that is not shown",
    ]);
    expect(faults({ A: { value: "abc" } })).toEqual([
      "A.value: should be 4 characters or more, none a control character but line breaks and tabs, got a value that is not shown",
    ]);
    expect(faults({ A: { value: "abcd", path: "relative" } })).toEqual([
      'A.path: should be an absolute path inside the container, got "relative"',
    ]);
  });
});

describe("a secret among variables that are shown", () => {
  const IMAGE = { image: "alpine:3", command: ["true"] };
  type Env = Record<string, pulumi.Input<string>>;
  const KINDS: [string, (platform: Platform, env: Env) => unknown, string][] = [
    [
      'Container "one"',
      (platform, env) => new Container("one", { platform, ...IMAGE, probe: "none", env }),
      'Set secrets: { A: … }, which makes a file and puts its path into A_FILE; or, where it has to be in the environment, secrets: { A: { value: …, as: "environment" } }.',
    ],
    [
      'SetupJob "one"',
      (platform, env) => new SetupJob("one", { platform, ...IMAGE, env }),
      'Set secrets: { A: … }, which makes a file and puts its path into A_FILE; or, where it has to be in the environment, secrets: { A: { value: …, as: "environment" } }.',
    ],
    [
      'Redis "one"',
      (platform, env) => new Redis("one", { platform, env }),
      "Leave it out, or put it into a file that you name in `files`.",
    ],
  ];
  const SECRETS: [string, (database: Postgres) => pulumi.Output<string>][] = [
    ["a URL with credentials", ({ connection }) => connection.url],
    ["the same from the host", ({ connection }) => connection.fromHost?.url ?? pulumi.output("")],
    ["what is made of a password", ({ connection }) => pulumi.interpolate`x ${connection.password} y`],
    ["a key of an external()", () => apiKeyOf(external({ scheme: "http", host: "h", port: 1, apiKey: "hunter22" }))],
    ["any other secret", () => pulumi.secret("hunter22")],
    ["a secret that comes later", () => pulumi.output(setImmediate(pulumi.secret("hunter22")))],
  ];
  const apiKeyOf = ({ connection }: ReturnType<typeof external>) => connection.apiKey ?? pulumi.output("");

  test.each(
    KINDS.flatMap(([subject, make, instead]) =>
      SECRETS.map(([what, value]) => ({ subject, what, make, value, instead })),
    ),
  )("$subject, $what: nothing is registered", async ({ subject, make, value, instead }) => {
    const monitor = mock();
    const engine = new ContainersEngine({ host: "unix:///x" }, new FakeEngine());
    const platform = new Platform({}, engine, await identified(engine, undefined, "registry"));
    const declared = platform.declare(() =>
      make(platform, { A: value(new Postgres("pg", { platform, hostPort: 5432 })) }),
    );
    await expect(declared).rejects.toThrow(
      `${subject} has bad arguments\n  env.A: should be no secret, because \`docker inspect\` shows it, got one. ${instead}`,
    );
    expect(monitor.recorded.map(({ key }) => key)).toEqual(["Stash identity"]);
  });

  test("of another library's resource: before the container is made", async () => {
    const made = refusedBy(() =>
      deploy((platform) => {
        const { result } = new random.RandomPassword("own", { length: 9 });
        return new Container("one", { platform, ...IMAGE, probe: "none", env: { A: result } });
      }),
    );
    expect(await made).toEqual([expect.stringContaining("env.A: should be no secret")]);
  });

  test("addresses are references as before", async () => {
    const stack = await deploy((platform) => {
      const { connection } = new Postgres("pg", { platform });
      const { host, port } = connection;
      const env = { HOST: host, AT: pulumi.interpolate`${host}:${port}` };
      return new Container("one", { platform, ...IMAGE, probe: "none", env });
    });
    expect(stack.get("Container one").inputs.envs).toEqual(["HOST=pg", "AT=pg:5432"]);
    expect(stack.waitsFor("Container one", "Stash pg-ready")).toBe(true);
  });

  test("in `secrets` it is as before, also in the environment", async () => {
    const stack = await deploy((platform) => {
      const { url } = new Postgres("pg", { platform }).connection;
      const secrets = { A: { value: url, as: "environment" as const } };
      return new Container("one", { platform, ...IMAGE, probe: "none", secrets });
    });
    expect(stack.get("Container one").inputs.envs).toEqual([expect.stringMatching(/^A=postgresql:/)]);
    expect(stack.get("Container one").secretInputs).toContain("envs.0");
  });
});
