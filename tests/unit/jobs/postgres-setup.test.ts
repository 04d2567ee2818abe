import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Postgres, PostgresSetup, type PostgresSetupArgs, SetupJob } from "../../../components/index.ts";
import { expectNoSecret, handedToJob } from "../helpers/expected.ts";
import { deploy, held, idOf, type Options, passwordOf, volumeOf } from "../helpers/stack.ts";

beforeEach(() => {
  vi.spyOn(pulumi.log, "info").mockResolvedValue();
});

const setup = (args: Partial<PostgresSetupArgs> = {}, options: Options = {}) =>
  deploy((platform) => {
    const database = new Postgres("main", { platform, database: "shop", hostPort: 15_432 });
    return new PostgresSetup("schema", { platform, database, ...args });
  }, options);

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

describe("roles", () => {
  const ROLES: PostgresSetupArgs["roles"] = { reader: {}, analyst: { database: "reports", may: "own" } };
  const withRoles = (options: Options = {}) => setup({ databases: ["reports"], roles: ROLES }, options);

  test("are made before, and get their rights after, all else, in one transaction", async () => {
    const { command } = (await setup({ extensions: ["citext"], roles: { reader: {} } })).get("Container schema").inputs;
    expect(command).toEqual([
      "psql",
      "--no-psqlrc",
      "--set=ON_ERROR_STOP=1",
      "--single-transaction",
      "--host=main",
      "--username=shop",
      "--dbname=shop",
      "--file=/run/files/roles",
      '--command=create extension if not exists "citext"',
      "--file=/run/files/grants",
    ]);
  });

  test("other databases are made before that transaction, and set up after it", async () => {
    const [shell, flags, script, ...rest] = (await withRoles()).get("Container schema").inputs.command as string[];
    const common = "psql --no-psqlrc --set=ON_ERROR_STOP=1";
    expect([shell, flags, script?.split("\n")]).toEqual([
      "sh",
      "-euc",
      [
        `${common} --host=main --username=shop --dbname=shop --file=/run/files/databases`,
        '"$@"',
        `${common} --single-transaction --host=main --username=shop --dbname=reports --file=/run/files/in-reports`,
      ],
    ]);
    expect(rest.join(" ")).toBe(
      `sh ${common} --single-transaction --host=main --username=shop --dbname=shop --file=/run/files/roles --file=/run/files/grants`,
    );
  });

  test("have passwords of their own, of which the server is told what it keeps", async () => {
    const stack = await withRoles();
    const passwords = ["reader", "analyst"].map((role) => passwordOf(`schema-${role}-password`));
    expectNoSecret(stack.resources, passwords);
    const [secrets, files] = await handedToJob(stack, "schema");
    const verifier = expect.stringMatching(/^SCRAM-SHA-256\$4096:/);
    expect(secrets).toEqual({
      to: "/run/secrets",
      files: { pgpass: expect.any(String), "reader.verifier": verifier, "analyst.verifier": verifier },
      access: "400 999:999",
    });
    expect(Object.keys(files?.files ?? {})).toEqual(["databases", "roles", "grants", "in-reports"]);
    expect(stack.of("RandomPassword").map(({ name, parent }) => [name, parent])).toEqual([
      ["main-password", "Postgres main"],
      ["schema-reader-password", "Postgres main"],
      ["schema-analyst-password", "Postgres main"],
    ]);
  });

  test.each([
    ["reader", "shop"],
    ["analyst", "reports"],
  ])("%s signs in to %s, once the job is done", async (role, database) => {
    const { made } = await withRoles();
    const { connection, gate, network, data } = made.role(role);
    const password = passwordOf(`schema-${role}-password`);
    expect({ ...connection, password: await held(connection.password), url: await held(connection.url) }).toMatchObject(
      {
        host: "main",
        port: 5432,
        user: role,
        password,
        database,
        url: `postgresql://${role}:${password}@main:5432/${database}`,
      },
    );
    expect(await held(connection.fromHost?.url)).toBe(`postgresql://${role}:${password}@127.0.0.1:15432/${database}`);
    expect([gate, await held(network?.id), await held(data)]).toEqual([made.done, idOf("main"), volumeOf("main-data")]);
  });

  test("who refers to one is told of it, on the server's network", async () => {
    const stack = await deploy((platform) => {
      const database = new Postgres("main", { platform });
      const schema = new PostgresSetup("schema", { platform, database, roles: { reader: {} } });
      return new SetupJob("seed", {
        platform,
        image: "alpine:3",
        command: ["true"],
        uses: { db: schema.role("reader") },
      });
    });
    expect(stack.waitsFor("Stash seed-done", "Stash schema-done")).toBe(true);
    expect(stack.get("Container seed").inputs.networksAdvanced).toEqual([{ name: idOf("main"), aliases: [] }]);
    expect((await handedToJob(stack, "seed"))[0]?.files).toEqual({
      db_url: `postgresql://reader:${passwordOf("schema-reader-password")}@main:5432/app`,
    });
  });

  test("another role, or another right, runs it again", async () => {
    const keys: string[] = [];
    for (const roles of [{}, { reader: {} }, { reader: { may: "write" as const } }]) {
      keys.push(JSON.stringify((await setup({ roles })).get("Stash schema-done").inputs));
    }
    expect(new Set(keys).size).toBe(3);
  });

  test("when down, their passwords stay", async () => {
    const { keys } = await withRoles({ down: true });
    expect(keys.filter((key) => key.startsWith("RandomPassword schema-"))).toHaveLength(2);
  });

  test("one that is not there is named, with those that are", async () => {
    const { made } = await withRoles();
    expect(() => made.role("writer")).toThrow(
      new pulumi.RunError(
        'PostgresSetup "schema": should have the role "writer", has reader, analyst. Name it in `roles`.',
      ),
    );
  });
});
