import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { Api, Container, external, SetupJob } from "../../../components/index.ts";
import { deliveriesTo } from "../helpers/expected.ts";
import { deploy, held, idOf } from "../helpers/stack.ts";

const ARGS = {
  scheme: "postgresql",
  host: "db.example.com",
  port: 5432,
  user: "app",
  password: "s3cret pw",
  database: "shop",
};

test("gives its users the variables that a database gives, and a way out", async () => {
  const stack = await deploy((platform) => {
    const database = external({ ...ARGS, query: { sslmode: "require" } });
    new Container("web", { platform, image: "web:1", probe: "none", uses: { database } });
    new SetupJob("seed", { platform, image: "alpine:3", command: ["true"], uses: { database } });
  });
  expect(stack.get("Container web").inputs.envs).toEqual([
    "DATABASE_HOST=db.example.com",
    "DATABASE_PORT=5432",
    "DATABASE_USER=app",
    "DATABASE_NAME=shop",
    "DATABASE_URL_FILE=/run/secrets/database_url",
    "DATABASE_PASSWORD_FILE=/run/secrets/database_password",
  ]);
  const [{ files } = { files: {} }] = await deliveriesTo(stack, "web");
  expect(files).toEqual({
    database_url: "postgresql://app:s3cret%20pw@db.example.com:5432/shop?sslmode=require",
    database_password: "s3cret pw",
  });
  for (const name of ["web", "seed"]) {
    const { options } = stack.get(`Network ${name}-outside`).inputs;
    expect(options).toEqual({ "com.docker.network.bridge.enable_ip_masquerade": "true" });
  }
  expect(stack.get("Container seed").inputs.networksAdvanced).toEqual([{ name: idOf("seed-outside"), aliases: [] }]);
  expect(stack.platform.secrets.mask("it was s3cret pw")).toBe("it was [secret]");
});

test("is not in the graph, and nothing waits for it", async () => {
  const { platform } = await deploy((platform) => {
    new Api("api", { platform, image: "api:1", probe: "none", uses: { database: external(ARGS) } });
  });
  expect(platform.graph).toMatchObject({ nodes: [{ name: "api" }], edges: [] });
});

test("its password is secret, its address is not", async () => {
  const { connection } = external(ARGS);
  expect(await held(connection.host)).toBe("db.example.com");
  expect(await pulumi.isSecret(connection.url)).toBe(true);
  expect(await pulumi.isSecret(connection.password as pulumi.Output<string>)).toBe(true);
});

test("gives a way out where only its values are used, in env or secrets, even through further outputs", async () => {
  const stack = await deploy((platform) => {
    const { connection } = external(ARGS);
    const more = { platform, image: "alpine:3", probe: "none" as const };
    new Container("env", { ...more, env: { PGHOST: connection.host, PGPORT: connection.port } });
    new Container("secrets", { ...more, secrets: { URL: pulumi.interpolate`${connection.url}&x=1` } });
    new SetupJob("job", { platform, image: "alpine:3", env: { PGHOST: connection.host.apply((host) => `${host}.`) } });
    new Container("closed", more);
  });
  const ways = stack.of("Network").flatMap(({ name }) => (name.endsWith("-outside") ? [name] : []));
  expect(ways.sort()).toEqual(["env-outside", "job-outside", "secrets-outside"]);
  expect(stack.get("Container env").inputs.envs).toEqual(["PGHOST=db.example.com", "PGPORT=5432"]);
});

test.each([
  ["[2001:db8::1]", "2001:db8::1"],
  ["::1", "::1"],
])("the IPv6 address %s has brackets only in the URL", async (host, plain) => {
  const { connection } = external({ ...ARGS, host });
  expect(await held(connection.host)).toBe(plain);
  expect(await held(connection.url)).toBe(`postgresql://app:s3cret%20pw@[${plain}]:5432/shop`);
});

test.each<[object, string]>([
  [{ ports: { "my-port": 1 } }, 'ports.my-port: should be a name of a-z, 0-9 and _, a letter first, got "my-port"'],
  [{ host: "[db]" }, 'host: should be a host\'s name or address, got "[db]"'],
  [{ host: "a::b::c" }, 'host: should be a host\'s name or address, got "a::b::c"'],
  [{ scheme: "post gres" }, 'scheme: should be a URL\'s scheme, as postgresql, got "post gres"'],
  [{ host: "https://db" }, 'host: should be a host\'s name or address, got "https://db"'],
  [{ port: 0 }, "port: should be 1 to 65535, got 0"],
  [
    { tls: true },
    "tls: should not be there; the options are scheme, host, port, ports, user, password, apiKey, database, query",
  ],
])("%j is refused by name", (change, fault) => {
  expect(() => external({ ...ARGS, ...change } as typeof ARGS)).toThrow(`external() has bad arguments\n  ${fault}`);
});
