import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix, relative } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { Postgres, PostgresSetup, type PostgresSetupArgs, SetupJob } from "../../../components/index.ts";
import { prepareSql } from "../../../components/jobs/postgres-files.ts";
import { deliveriesToJob, expectNoSecret } from "../helpers/expected.ts";
import { deploy, held, idOf, type Options, passwordOf, type Stack, volumeOf } from "../helpers/stack.ts";

beforeEach(() => {
  vi.spyOn(pulumi.log, "info").mockResolvedValue();
});

const setup = (args: Partial<PostgresSetupArgs> = {}, options: Options = {}) =>
  deploy((platform) => {
    const database = new Postgres("main", { platform, database: "shop", hostPort: 15_432 });
    return new PostgresSetup("schema", { platform, database, ...args });
  }, options);

/** What is run, after the functions that run it. */
async function stepsOf(stack: Stack<unknown>): Promise<string[]> {
  const delivered = (await deliveriesToJob(stack, "schema")).find(({ to }) => to === "/run/files");
  const all = delivered?.files["setup.sh"] ?? "";
  return all
    .slice(all.lastIndexOf("}\n") + 2)
    .split("\n")
    .filter((line) => line !== "");
}

test("there may be nothing to do", async () => {
  expect(await stepsOf(await setup())).toEqual([]);
});

test("an extension may have any name that PostgreSQL ships", async () => {
  expect(await stepsOf(await setup({ extensions: ["uuid-ossp"] }))).toEqual([
    `session '--command=create extension if not exists "uuid-ossp"'`,
  ]);
});

test.each(['x"; drop table notes; --', "pg trgm", ""])("an extension may not be called %j", async (extension) => {
  await expect(setup({ extensions: [extension] })).rejects.toThrow(
    'PostgresSetup "schema" has bad arguments\n  extensions.0: should be ',
  );
});

describe("SQL files", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "stackyard-sql-"));
    return () => rmSync(folder, { recursive: true, force: true });
  });
  const written = (path: string, content: string | Buffer = `-- ${path}\n`) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
    return join(folder, path);
  };

  test("are run in their order, whatever their names, and as often as they are named", async () => {
    const part = fc
      .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
      .filter((name) => !/[/\0]/.test(name) && !/^\.+$/.test(name) && name.isWellFormed());
    const sql = fc.array(fc.record({ name: part, transaction: fc.boolean() }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(sql, async (all) => {
        const files = all.map(({ name, transaction }) => ({ file: written(`of/${name}`), transaction }));
        const { steps } = prepareSql(files.map((each) => ({ ...each, includes: [] })));
        const script = `file_in_transaction() { printf '%s\\0' "in $1"; }\nfile_without_transaction() { printf '%s\\0' "without $1"; }\n${steps.slice(1).join("\n")}\n`;
        const run = execFileSync("sh", ["-eu", "-c", script], { encoding: "utf8" }).split("\0").slice(0, -1);
        expect(run).toEqual(
          files.map(({ file, transaction }) => `${transaction ? "in" : "without"} ${relative(process.cwd(), file)}`),
        );
      }),
      { numRuns: 30 },
    );
  });

  test("what cannot be read is named, by the argument", async () => {
    const loop = join(folder, "loops/here");
    mkdirSync(dirname(loop));
    symlinkSync("here", loop);
    const sql = [{ file: written("schema.sql"), includes: [dirname(loop)] }];
    await expect(setup({ sql })).rejects.toThrow(
      `PostgresSetup "schema" has bad arguments\n  sql: should be readable, got ${loop}: too many symbolic links encountered`,
    );
    const named = { sql: [{ file: written("schema.sql"), includes: [loop] }] };
    await expect(setup(named)).rejects.toThrow("sql.0.includes.0: should be a file or folder that is there, got ");
  });

  test("keep their places relative to what they read, even above the program's folder", async () => {
    const sql = [
      { file: written("db/schema.sql"), includes: [written("db/parts/a.sql"), written("shared/b.sql")] },
      "examples/api/schema.sql",
    ];
    written("lookup/deep/c.csv", Buffer.from([0xff, 0x00]));
    const stack = await setup({ sql: [...sql, { file: written("last.sql"), includes: [join(folder, "lookup")] }] });
    const up = relative(process.cwd(), folder);
    const root =
      "sql/" +
      Array(up.split("/").filter((each) => each === "..").length)
        .fill("_here")
        .join("/");
    const [, { files } = { files: {} }] = await deliveriesToJob(stack, "schema");
    expect(
      Object.keys(files)
        .filter((name) => name.startsWith("sql/"))
        .sort(),
    ).toEqual(
      [
        ...["db/schema.sql", "db/parts/a.sql", "shared/b.sql", "last.sql", "lookup/deep/c.csv"].map((path) =>
          posix.join(root, up, path),
        ),
        `${root}/examples/api/schema.sql`,
        `${root}/_here`,
      ].sort(),
    );
    expect(await stepsOf(await setup({ sql }))).toEqual([
      `cd '/run/files/${root}'`,
      `file_in_transaction '${up}/db/schema.sql'`,
      "file_in_transaction 'examples/api/schema.sql'",
    ]);
  });

  test.each<[string, (path: () => string) => Partial<PostgresSetupArgs>]>([
    ["a byte that is no text", () => ({ sql: [written("one.sql", Buffer.from([0xfe]))] })],
    ["what a file reads", (path) => ({ sql: [{ file: path(), includes: [written("more.sql")] }] })],
    ["that it has no transaction", (path) => ({ sql: [{ file: path(), transaction: false }] })],
  ])("runs it again: %s", async (_, changed) => {
    const path = () => join(folder, "one.sql");
    const key = async (args: Partial<PostgresSetupArgs>) =>
      JSON.stringify((await setup(args)).get("Stash schema-done").inputs);
    written("one.sql", Buffer.from([0xff]));
    const before = await key({ sql: [path()] });
    expect(await key({ sql: [{ file: path(), transaction: true, includes: [] }] })).toBe(before);
    expect(await key(changed(path))).not.toBe(before);
  });
});

describe("roles", () => {
  const ROLES: PostgresSetupArgs["roles"] = { reader: {}, analyst: { database: "reports", may: "own" } };
  const withRoles = (options: Options = {}) => setup({ databases: ["reports"], roles: ROLES }, options);

  test("are made before all else, with their rights in the same transaction", async () => {
    const stack = await setup({ extensions: ["citext"], roles: { reader: {} } });
    expect(await stepsOf(stack)).toEqual([
      "transaction --file=/run/files/roles",
      `session '--command=create extension if not exists "citext"'`,
      "transaction --file=/run/files/grants",
    ]);
    const { roles, grants } = (await deliveriesToJob(stack, "schema"))[1]?.files ?? {};
    expect(roles).toMatch(/^select 'create role "reader"'[\s\S]*^revoke all[\s\S]*^grant select on all tables/m);
    expect(roles?.endsWith(grants ?? "none")).toBe(true);
  });

  test("other databases are made before that, and set up after all else", async () => {
    expect(await stepsOf(await withRoles())).toEqual([
      "session --file=/run/files/databases",
      "transaction --file=/run/files/roles",
      "transaction --file=/run/files/grants",
      "transaction --dbname=reports --file=/run/files/in-reports",
    ]);
  });

  test("have passwords of their own, of which the server gets only the verifier", async () => {
    const stack = await withRoles();
    const passwords = ["reader", "analyst"].map((role) => passwordOf(`schema-${role}-password`));
    expectNoSecret(stack.resources, passwords);
    const [secrets, files] = await deliveriesToJob(stack, "schema");
    const verifier = expect.stringMatching(/^SCRAM-SHA-256\$4096:/);
    expect(secrets).toEqual({
      to: "/run/secrets",
      files: { pgpass: expect.any(String), "reader.verifier": verifier, "analyst.verifier": verifier },
      access: "400 999:999",
    });
    expect(Object.keys(files?.files ?? {})).toEqual(
      expect.arrayContaining(["databases", "roles", "grants", "in-reports"]),
    );
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
    expect({
      ...connection,
      host: await held(connection.host),
      password: await held(connection.password),
      url: await held(connection.url),
    }).toMatchObject({
      host: "main",
      port: 5432,
      user: role,
      password,
      database,
      url: `postgresql://${role}:${password}@main:5432/${database}`,
    });
    expect(await held(connection.fromHost?.url)).toBe(`postgresql://${role}:${password}@127.0.0.1:15432/${database}`);
    expect([gate, await held(network?.key), await held(data)]).toEqual([
      made.done,
      idOf("main"),
      volumeOf("main-data"),
    ]);
  });

  test("are passed to what refers to them, on the server's network", async () => {
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
    expect((await deliveriesToJob(stack, "seed"))[0]?.files).toEqual({
      db_url: `postgresql://reader:${passwordOf("schema-reader-password")}@main:5432/app`,
      db_password: passwordOf("schema-reader-password"),
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

  test("a missing one is named, with those that exist", async () => {
    const { made } = await withRoles();
    expect(() => made.role("writer")).toThrow(
      new pulumi.RunError(
        'PostgresSetup "schema": should have the role "writer", has reader, analyst. Name it in `roles`.',
      ),
    );
  });
});
