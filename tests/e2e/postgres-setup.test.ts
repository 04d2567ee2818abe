import { writeFileSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sql } from "../contract/rows.ts";
import { docker, freePorts, inspect, ROOT, TestStack } from "./harness.ts";

// What databases and roles of a PostgresSetup promise, through real clients: programs/postgres-setup, with what its settings say.

const stack = new TestStack(join(ROOT, "tests/e2e/programs/postgres-setup"));
const schema = join(stack.folder, "schema.sql");
const ROLES = { reader: {}, writer: { may: "write" }, analyst: { may: "own", database: "reports" } };
let hostPort: number;
let url: string;
let urls: Record<string, string>;

async function up(roles: object): Promise<string> {
  stack.configure({ hostPort, setup: { databases: ["reports"], roles, sql: [schema] } });
  const { code, output } = await stack.up();
  expect(code, output).toBe(0);
  url = await stack.outputs("url");
  urls = await stack.outputs("urls");
  return output;
}

/** As one of the roles, in its own database or another. */
function as(role: string, statement: string, database?: string): Promise<unknown[]> {
  const at = new URL(urls[role] ?? "");
  if (database !== undefined) at.pathname = database;
  return sql(at.href, statement);
}

beforeAll(async () => {
  [hostPort = 0] = await freePorts(1);
  writeFileSync(schema, "create table if not exists notes (id serial primary key, title text);\n");
  await stack.create({ hostPort, setup: { databases: ["reports"], roles: ROLES, sql: [schema] } });
});
afterAll(() => stack.dispose());

test("the first `up` makes databases and roles, and the next has nothing to do", async () => {
  expect(await up(ROLES)).toContain("reader|0");
  expect(await sql(url, "show max_connections")).toEqual(["400"]);
  expect(await sql(url, "show shared_buffers")).toEqual(["16MB"]);
  await stack.unchanged();
});

test("as many connections as it may have are open at a time, and its probe passes beside them", async () => {
  const clients = Array.from({ length: 399 }, () => new pg.Client({ connectionString: url }));
  try {
    for (const client of clients) await client.connect();
    const answers = await Promise.all(clients.map((client) => client.query("select count(*) > 0 as ok from pg_class")));
    expect(answers.filter(({ rows }) => rows[0].ok)).toHaveLength(399);
    const { id } = await stack.container("main");
    const { Config } = await inspect<{ Config: { Healthcheck: { Test: string[] } } }>(id);
    const probe = await docker(["exec", id, ...Config.Healthcheck.Test.slice(1)]);
    expect(probe.code, probe.output).toBe(0);
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
});

test("a parallel query may share more than the 64 MiB that an engine gives", async () => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(
      "create unlogged table wide as select id, repeat('x', 700) it from generate_series(1, 120000) id",
    );
    await client.query("analyze wide");
    for (const setting of [
      "work_mem = '256MB'",
      "enable_mergejoin = off",
      "min_parallel_table_scan_size = 0",
      "parallel_setup_cost = 0",
      "parallel_tuple_cost = 0",
    ])
      await client.query(`set ${setting}`);
    const joined = "select sum(length(one.it || other.it)) as total from wide one join wide other using (id)";
    expect(JSON.stringify((await client.query(`explain ${joined}`)).rows)).toContain("Parallel Hash");
    expect((await client.query(joined)).rows).toEqual([{ total: String(120_000 * 1400) }]);
  } finally {
    await client.query("drop table if exists wide");
    await client.end();
  }
});

test("who reads reads, and does nothing else", async () => {
  await sql(url, "insert into notes (title) values ('by the owner')");
  expect(await as("reader", "select title from notes")).toEqual(["by the owner"]);
  await expect(as("reader", "insert into notes (title) values ('no')")).rejects.toThrow(
    "permission denied for table notes",
  );
  await expect(as("reader", "create table more ()")).rejects.toThrow("permission denied for schema public");
  await expect(as("reader", "create role other")).rejects.toThrow("permission denied to create role");
  await expect(as("reader", "select 1", "reports")).rejects.toThrow('permission denied for database "reports"');
});

test("who writes writes rows, and makes no tables", async () => {
  expect(await as("writer", "insert into notes (title) values ('by the writer') returning id")).toEqual([2]);
  await as("writer", "update notes set title = 'changed' where id = 2");
  await as("writer", "delete from notes where id = 2");
  await expect(as("writer", "create table more ()")).rejects.toThrow("permission denied for schema public");
  await expect(as("writer", "truncate notes")).rejects.toThrow("permission denied for table notes");
});

test("who owns a database makes its tables there, and reads nothing of the other", async () => {
  await as("analyst", "create table kept (value text)");
  await as("analyst", "insert into kept values ('by the analyst')");
  await expect(as("analyst", "select * from notes", "app")).rejects.toThrow("permission denied for table notes");
  await expect(as("writer", "select 1", "reports")).rejects.toThrow('permission denied for database "reports"');
});

test("a wrong password is refused", async () => {
  const wrong = new URL(urls.reader ?? "");
  wrong.password = "wrong";
  await expect(sql(wrong.href, "select 1")).rejects.toThrow('password authentication failed for user "reader"');
});

test("a role is added, and another may do less; what is there is kept, and what comes later can be read too", async () => {
  // From here on the server logs every statement, which it does not by itself.
  await sql(url, "alter system set log_statement = 'all'");
  await sql(url, "select pg_reload_conf()");
  await sql(url, "create table later (value text)");
  const before = urls;
  await up({ ...ROLES, writer: { may: "read" }, auditor: { may: "none" }, viewer: { database: "reports" } });
  expect(urls).toMatchObject(before);
  expect(await as("reader", "select * from later")).toEqual([]);
  expect(await as("analyst", "update kept set value = 'kept' returning value")).toEqual(["kept"]);
  expect(await as("writer", "select title from notes")).toEqual(["by the owner"]);
  await expect(as("writer", "delete from notes")).rejects.toThrow("permission denied for table notes");
  await as("analyst", "create table later (value text)");
  expect(await as("viewer", "select * from kept natural join later")).toEqual([]);
  await expect(as("viewer", "delete from later")).rejects.toThrow("permission denied for table later");
  expect(await as("auditor", "select current_user::text")).toEqual(["auditor"]);
  await expect(as("auditor", "select * from notes")).rejects.toThrow("permission denied for table notes");
  await stack.unchanged();
});

test("no password is in an inspection or a log, not even in that of all statements; the server keeps none", async () => {
  const server = (await stack.container("main")).id;
  const job = (await stack.container("setup")).id;
  const log = (await docker(["logs", server])).output;
  expect(log).toContain('alter role "auditor" login');
  const shown = [log, (await docker(["logs", job])).output];
  for (const id of [server, job]) shown.push(JSON.stringify(await inspect(id)));
  const passwords = Object.values(await stack.outputs<Record<string, string>>("passwords"));
  expect(passwords).toHaveLength(5);
  for (const password of passwords) expect(shown.filter((text) => text.includes(password))).toEqual([]);
  const kept = await sql(url, "select rolpassword from pg_authid where rolname in ('reader', 'auditor')");
  expect(kept).toEqual(
    Array(2).fill(expect.stringMatching(/^SCRAM-SHA-256\$4096:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=$/)),
  );
});
