import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { pgpass } from "../../../components/databases/postgres.ts";
import { Postgres, type PostgresArgs } from "../../../components/index.ts";
import { deploy, held } from "../helpers/stack.ts";

const postgres = (args: Partial<PostgresArgs>) => deploy((platform) => new Postgres("main", { platform, ...args }));

test("its database, and the role that owns it, may be called otherwise", async () => {
  const stack = await postgres({ database: "shop" });
  const { envs, healthcheck } = stack.get("Container main").inputs as { envs: string[]; healthcheck: object };
  expect(envs).toEqual(expect.arrayContaining(["POSTGRES_USER=shop", "POSTGRES_DB=shop"]));
  const probe = ["--username", "shop", "--dbname", "shop", "--command", "select 1"];
  expect(healthcheck).toMatchObject({ tests: ["CMD", "psql", "--no-psqlrc", "--host", "main", ...probe] });
  expect(stack.get("Stash ledger").inputs).toMatchObject({
    input: { volumes: { main: { major: "17", firstStart: { database: "shop", password: "a generated one" } } } },
  });
});

test("is told how many connections it may have", async () => {
  const { command } = (await postgres({ maxConnections: 20 })).get("Container main").inputs;
  expect(command).toEqual(["postgres", "-c", "max_connections=20"]);
});

test("a password that is given is encoded in its URL", async () => {
  const { made } = await postgres({ password: 'h:u\\nt"er22' });
  expect(await held(made.connection.url)).toBe("postgresql://app:h%3Au%5Cnt%22er22@main:5432/app");
});

test.each([
  ["plain", "*:*:*:*:plain\n"],
  ["a:b", "*:*:*:*:a\\:b\n"],
  ["a\\b", "*:*:*:*:a\\\\b\n"],
  ["\\:", "*:*:*:*:\\\\\\:\n"],
])("libpq's password file for %j", async (secret, expected) => {
  expect(await held(pgpass(secret))).toBe(expected);
  expect(await pulumi.isSecret(pgpass(pulumi.secret(secret)))).toBe(true);
});
