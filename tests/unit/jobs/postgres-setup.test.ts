import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { Postgres, PostgresSetup, type PostgresSetupArgs } from "../../../components/index.ts";
import { everyJob, expectNoSecret, handedToJob } from "../helpers/expected.ts";
import { deploy, idOf, labels, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

const SECRET = passwordOf("main-password");
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-setup-"));
  mkdirSync(join(folder, "more"));
  writeFileSync(join(folder, "schema.sql"), "create table notes ();\n");
  writeFileSync(join(folder, "more/schema.sql"), "insert into notes default values;\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  vi.spyOn(pulumi.log, "info").mockResolvedValue();
});

const setup = (args: Partial<PostgresSetupArgs> = {}, options: Options = {}) =>
  deploy((platform) => {
    const database = new Postgres("main", { platform, database: "shop" });
    return new PostgresSetup("schema", { platform, database, ...args });
  }, options);
const both = () =>
  setup({ extensions: ["pg_trgm", "citext"], sql: [join(folder, "schema.sql"), join(folder, "more/schema.sql")] });

test("is made of a container that is not started, and a gate", async () => {
  const stack = await both();
  expect(
    stack.resources
      .filter(({ parent }) => parent === "PostgresSetup schema")
      .map(({ key }) => key)
      .sort(),
  ).toEqual(["Container schema", "Stash schema-done"]);
  expect(stack.get("PostgresSetup schema").type).toBe("stackyard:jobs:PostgresSetup");
  expect(stack.of("RemoteImage").map(({ name }) => name)).toEqual(["image-postgres-17"]);
});

test("the container runs everything in one transaction, as the database's own role", async () => {
  const { inputs, secretInputs } = (await both()).get("Container schema");
  expect(inputs).toEqual({
    ...everyJob(128),
    image: "sha256:image-postgres-17",
    command: [
      "psql",
      "--no-psqlrc",
      "--set=ON_ERROR_STOP=1",
      "--single-transaction",
      "--host=main",
      "--username=shop",
      "--dbname=shop",
      '--command=create extension if not exists "pg_trgm"',
      '--command=create extension if not exists "citext"',
      "--file=/run/files/1-schema.sql",
      "--file=/run/files/2-schema.sql",
    ],
    envs: ["PGPASSFILE=/run/secrets/pgpass", "PGCONNECT_TIMEOUT=10"],
    user: "999:999",
    tmpfs: { "/tmp": "mode=1777,size=64m" },
    networksAdvanced: [{ name: idOf("main"), aliases: [] }],
    labels: [...labels("schema", "job"), { label: "stackyard.key", value: expect.stringMatching(/^[0-9a-f]{64}$/) }],
    volumes: [{ containerPath: "/run/secrets" }, { containerPath: "/run/files" }],
  });
  expect(secretInputs).toEqual([]);
});

test("files of one name are kept apart; the password is for the server's user alone", async () => {
  const stack = await both();
  expect(await handedToJob(stack, "schema")).toEqual([
    { to: "/run/secrets", files: { pgpass: `*:*:*:*:${SECRET}\n` }, access: "400 999:999" },
    {
      to: "/run/files",
      files: { "1-schema.sql": "create table notes ();\n", "2-schema.sql": "insert into notes default values;\n" },
      access: "444 0:0",
    },
  ]);
  expectNoSecret(stack.resources, [SECRET]);
});

test("without anything to do, psql does not wait for somebody to type", async () => {
  const { command } = (await setup()).get("Container schema").inputs;
  expect((command as string[]).slice(-2)).toEqual(["--dbname=shop", "--command=select 1"]);
});

test("starts when its own database is ready, not before, and runs again over a new volume", async () => {
  const stack = await setup();
  expect(stack.get("Stash schema-done").dependsOn).toEqual([
    "Container schema",
    "RemoteImage image-postgres-17",
    "Stash main-ready",
    "Volume main-data",
  ]);
  expect(stack.waitsFor("Container schema", "Stash main-ready")).toBe(false);
  expect(stack.get("Stash schema-done").inputs).toMatchObject({ input: { volumes: [volumeOf("main-data")] } });
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

describe("done", () => {
  test("passes when psql succeeds", async () => {
    const stack = await setup();
    stack.engine.container(idOf("schema")).onStart((it) => it.exits(0));
    await expect(stack.run("schema-done")).resolves.toBeUndefined();
  });

  test("fails with psql's message when a statement does", async () => {
    const stack = await setup();
    stack.engine
      .container(idOf("schema"))
      .onStart((it) => it.writes('ERROR:  syntax error at or near "creat"').exits(3));
    await expect(stack.run("schema-done")).rejects.toThrow(
      new Error(
        'PostgresSetup "schema" failed with exit code 3\nlast log lines:\n  ERROR:  syntax error at or near "creat"\n' +
          "Mend the cause and run `up` again: it will be tried again.",
      ),
    );
  });

  test("is what others wait for", async () => {
    const { made } = await setup();
    expect([made.gate, Object.hasOwn(made, "connection"), Object.hasOwn(made, "network")]).toEqual([
      made.done,
      false,
      false,
    ]);
  });
});

test("when down, its gate is all that is declared of it", async () => {
  const stack = await setup({ sql: [join(folder, "schema.sql")] }, { down: true });
  expect(stack.resources.filter(({ parent }) => parent === "PostgresSetup schema").map(({ key }) => key)).toEqual([
    "Stash schema-done",
  ]);
  expect(stack.of("Container")).toEqual([]);
});
