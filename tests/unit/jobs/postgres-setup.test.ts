import { expect, test } from "vitest";
import { Postgres, PostgresSetup, type PostgresSetupArgs } from "../../../components/index.ts";
import { deploy } from "../helpers/stack.ts";

const setup = (args: Partial<PostgresSetupArgs> = {}) =>
  deploy((platform) => {
    const database = new Postgres("main", { platform, database: "shop" });
    return new PostgresSetup("schema", { platform, database, ...args });
  });

test("without anything to do, psql does not wait for somebody to type", async () => {
  const { command } = (await setup()).get("Container schema").inputs;
  expect((command as string[]).slice(-2)).toEqual(["--dbname=shop", "--command=select 1"]);
});

test("an extension may have any name that PostgreSQL ships", async () => {
  const { command } = (await setup({ extensions: ["uuid-ossp"] })).get("Container schema").inputs;
  expect((command as string[]).at(-1)).toBe('--command=create extension if not exists "uuid-ossp"');
});

test.each(['x"; drop table notes; --', "pg trgm", ""])("an extension may not be called %j", async (extension) => {
  await expect(setup({ extensions: [extension] })).rejects.toThrow(
    'PostgresSetup "schema" has bad arguments\n  extensions.0: should be ',
  );
});
