import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { SqlFile } from "../../components/index.ts";
import { ownFiles, prepareSql, sqlFiles } from "../../components/jobs/postgres-files.ts";
import { sql } from "../contract/rows.ts";
import { api, docker, freePorts, inspect, type Ran, ROOT, TestStack } from "./harness.ts";

// The promises of PostgresSetup for databases and roles, through real clients, with programs/postgres-setup and its settings.

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

/** Runs a statement as one of the roles, in its own database or another one. */
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

test("all its connections can be open at once, and its probe passes beside them", async () => {
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

test("a parallel query can share more than the 64 MiB of an engine's default", async () => {
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

test("a reading role only reads", async () => {
  await sql(url, "insert into notes (title) values ('by the owner')");
  expect(await as("reader", "select title from notes")).toEqual(["by the owner"]);
  await expect(as("reader", "insert into notes (title) values ('no')")).rejects.toThrow(
    "permission denied for table notes",
  );
  await expect(as("reader", "create table more ()")).rejects.toThrow("permission denied for schema public");
  await expect(as("reader", "create role other")).rejects.toThrow("permission denied to create role");
  await expect(as("reader", "select 1", "reports")).rejects.toThrow('permission denied for database "reports"');
});

test("a writing role writes rows, and makes no tables", async () => {
  expect(await as("writer", "insert into notes (title) values ('by the writer') returning id")).toEqual([2]);
  await as("writer", "update notes set title = 'changed' where id = 2");
  await as("writer", "delete from notes where id = 2");
  await expect(as("writer", "create table more ()")).rejects.toThrow("permission denied for schema public");
  await expect(as("writer", "truncate notes")).rejects.toThrow("permission denied for table notes");
});

test("an owner makes tables in its database, and reads nothing of the other one", async () => {
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

/** Runs files as a PostgresSetup does, but without Pulumi, and in a database of their own. */
async function ran(name: string, files: Record<string, string | Buffer>, sql: SqlFile[]): Promise<Ran> {
  const folder = join(stack.folder, name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  const inFolder = (each: SqlFile) =>
    typeof each === "string"
      ? join(folder, each)
      : { ...each, file: join(folder, each.file), includes: (each.includes ?? []).map((path) => join(folder, path)) };
  const prepared = prepareSql(sqlFiles().parse(sql.map(inFolder)));
  const made = { ...ownFiles(prepared.steps), ...prepared.files };
  const network = await stack.network("main");
  const of = ["--network", network, "--label", `stackyard.stack=${stack.name}`, "--user", "999:999"];
  const variables = Object.entries({ PGHOST: "main", PGUSER: "app", PGDATABASE: name, PGPASSWORD: passwordOfApp() });
  const env = variables.flatMap(([key, value]) => ["--env", `${key}=${value}`]);
  const { Config } = await inspect<{ Config: { Image: string } }>((await stack.container("setup")).id);
  const volume = ["--volume", "/run/files", "--tmpfs", "/tmp"];
  const command = [Config.Image, "sh", "/run/files/setup.sh"];
  const { stdout } = await docker(["create", "--entrypoint", "", ...of, ...env, ...volume, ...command]);
  const id = stdout.trim();
  try {
    const access = { mode: 0o444, uid: 0, gid: 0 };
    await api.putFiles(
      id,
      "/run/files",
      Object.entries(made).map(([path, content]) => ({ name: path, content, ...access })),
    );
    return await docker(["start", "--attach", id]);
  } finally {
    await docker(["rm", "--force", "--volumes", id]);
  }
}
const passwordOfApp = () => decodeURIComponent(new URL(url).password);
const inDatabase = (name: string) => Object.assign(new URL(url), { pathname: name }).href;

interface Case {
  files: Record<string, string | Buffer>;
  /** @default - all of them, in their order */
  sql?: SqlFile[];
  /** The error; undefined where it succeeds. */
  says?: RegExp;
  /** Tables that exist afterwards. @default none */
  tables?: string[];
  /** A query, and its result. */
  query?: [statement: string, answer: unknown[]];
}
const ADVICE = /bad\.sql is run in one transaction[\s\S]*\{ file: "[^"]*bad\.sql", transaction: false \}/;
const plain = (file: string): SqlFile => ({ file, transaction: false });
const RESTORE: SqlFile = { file: "db/restore.sql", includes: ["db/dump.sql"] };
const PG_DUMP = `set client_encoding = 'UTF8';
select pg_catalog.set_config('search_path', '', false);
create table public.dumped (id integer not null, title text);
copy public.dumped (id, title) from stdin;
1\tone
2\ttwo
\\.
select pg_catalog.count(*) from public.dumped;
`;

const CASES: Record<string, Case> = {
  "a file that begins and ends a transaction of its own": {
    files: { "bad.sql": "create table a ();\nBEGIN;\ncreate table b ();\nCOMMIT;\ncreate table c ();\n" },
    says: /bad\.sql:4: ERROR: {2}this file ends the transaction that it is run in/,
  },
  "a file that says END": { files: { "bad.sql": "create table a ();\n-- Done.\nend;\n" }, says: ADVICE },
  "a file that commits and goes on": {
    files: { "bad.sql": "create table a ();\ncommit and chain;\ncreate table b ();\n" },
    says: ADVICE,
  },
  "a file that takes its work back and goes on": {
    files: { "bad.sql": "create table a ();\nrollback;\ncreate table b ();\n" },
    says: ADVICE,
  },
  "a file that takes its work back and only reads": {
    files: { "bad.sql": "create table a ();\nrollback;\nselect 1;\n" },
    says: ADVICE,
  },
  "a file that goes to another database": {
    files: { "bad.sql": "create table a ();\n\\c app\ncreate table elsewhere ();\n" },
    says: ADVICE,
  },
  "a file that connects anew and only reads": {
    files: { "bad.sql": "create table a ();\n\\c\nselect 1;\n" },
    says: ADVICE,
  },
  "what cannot be in a transaction": { files: { "bad.sql": "vacuum;\n" }, says: ADVICE },
  "a block that commits": { files: { "bad.sql": "do $$ begin create table a (); commit; end $$;\n" }, says: ADVICE },
  "a value that must be committed before it is used": {
    files: {
      "1.sql": "create type colour as enum ('red');\ncreate table a (colour colour);\n",
      "bad.sql": "alter type colour add value 'blue';\ninsert into a values ('blue');\n",
    },
    says: ADVICE,
    tables: ["a"],
  },
  "errors that a file lets pass": {
    files: { "bad.sql": "\\set ON_ERROR_STOP off\ncreate table a ();\nselect 1/0;\n" },
    says: /division by zero[\s\S]*current transaction is aborted/,
  },
  "the second of two files": {
    files: {
      "1.sql": "create table a ();\n",
      "db/2.sql": "create table b ();\nselect 1/0;\n",
      "3.sql": "create table c ();\n",
    },
    says: /db\/2\.sql:2: ERROR: {2}division by zero/,
    tables: ["a"],
  },
  "a deferred constraint": {
    files: {
      "1.sql":
        "create table a (id int primary key, of int references a deferrable initially deferred);\ninsert into a values (1, 2);\n",
    },
    says: /violates foreign key constraint/,
  },
  "constraints that a file has checked at once, savepoints, and blocks with an end": {
    files: {
      "1.sql":
        "create table a ();\nset constraints all immediate;\nsavepoint s;\nrollback to s;\ndo $$ begin perform 1; end $$;\nselect 1\n",
      "2.sql": "do $$ begin set constraints all immediate; end $$;\ncreate table b ();\n",
    },
    tables: ["a", "b"],
  },
  "settings of one file do not affect the next": {
    files: {
      "1.sql": `${PG_DUMP}\\set mine 1\ncreate temporary table leaked ();\nset role pg_read_all_data;\n`,
      "2.sql":
        "create table b (leaked text);\ninsert into b values (to_regclass('pg_temp.leaked')::text);\n\\if :{?mine}\nselect 1/0;\n\\endif\n",
    },
    tables: ["b", "dumped"],
    query: ["select concat(count(*), leaked) from public.dumped, b group by leaked", ["2"]],
  },
  "a dump that another file reads where its tables are missing, as in docs/data.md": {
    files: {
      "db/restore.sql":
        "select to_regclass('public.dumped') is null as empty \\gset\n\\if :empty\n\\ir dump.sql\n\\endif\n",
      "db/dump.sql": PG_DUMP,
      "later.sql": "insert into dumped values (3, 'three');\n",
    },
    sql: [RESTORE, "later.sql", RESTORE],
    tables: ["dumped"],
    query: ["select id from dumped order by id", [1, 2, 3]],
  },
  "a file whose end nobody saw": {
    files: { "1.sql": "\\! kill -9 $(cut -d' ' -f4 /proc/$PPID/stat)\n\\q\n" },
    says: /1\.sql/,
  },
  "a file that quits": {
    files: { "1.sql": "create table a ();\n\\q\ncreate table no ();\n", "2.sql": "create table b ();\n" },
    tables: ["a", "b"],
  },
  "without a transaction, all that psql can do": {
    files: {
      "1.sql":
        "create table a (id int);\ncreate index concurrently on a (id);\nvacuum a;\nbegin;\ncreate table b ();\ncommit;\nbegin;\ncreate table no ();\nrollback;\n",
    },
    sql: [plain("1.sql")],
    tables: ["a", "b"],
  },
  "without a transaction, one that is left open": {
    files: { "1.sql": "create table a ();\nbegin;\ncreate table no ();\n" },
    sql: [plain("1.sql")],
    says: /this file begins a transaction that it does not end: its work is lost/,
    tables: ["a"],
  },
  "without a transaction, one that psql opened by itself": {
    files: { "1.sql": "\\set AUTOCOMMIT off\ncreate table no ();\n" },
    sql: [plain("1.sql")],
    says: /this file begins a transaction that it does not end/,
  },
  "files that it reads, wherever they lie": {
    files: {
      "db/main.sql": "\\ir parts/a.sql\n\\ir ../shared/b.sql\n",
      "db/parts/a.sql": "create table a ();\n\\ir more/c.sql\n",
      "db/parts/more/c.sql": "create table c ();\n",
      "shared/b.sql": "create table b ();\n",
    },
    sql: [{ file: "db/main.sql", includes: ["db/parts", "shared/b.sql"] }],
    tables: ["a", "b", "c"],
  },
  "a file that it reads and that is not named": {
    files: { "db/main.sql": "create table a ();\n\\ir parts/a.sql\n", "db/parts/a.sql": "create table a ();\n" },
    sql: ["db/main.sql"],
    says: /db\/main\.sql:2: error: .*parts\/a\.sql: No such file or directory/,
  },
  "a file in LATIN1, and one that begins with a mark of its order of bytes": {
    files: {
      "1.sql": Buffer.from(
        "\\encoding LATIN1\ncreate table a (title text);\ninsert into a values ('caf\u00e9');\n",
        "latin1",
      ),
      "2.sql": "\ufeffinsert into a values ('caf\u00e9');\n",
    },
    tables: ["a"],
    query: ["select distinct title from a", ["caf\u00e9"]],
  },
  "names that a shell would read otherwise": {
    files: { "it's $HOME; exit.sql": "create table a ();\n", "-x.sql": "create table b ();\n" },
    tables: ["a", "b"],
  },
};

test.each(Object.entries(CASES))("%s", async (what, { files, sql: given, says, tables = [], query }) => {
  const name = `case_${Object.keys(CASES).indexOf(what)}`;
  await sql(url, `create database ${name}`);
  const { code, output } = await ran(name, files, given ?? Object.keys(files));
  expect(code === 0, output).toBe(says === undefined);
  if (says) expect(output).toMatch(says);
  const tableNames =
    "select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1";
  expect(await sql(inDatabase(name), tableNames)).toEqual(tables);
  if (query) expect(await sql(inDatabase(name), query[0])).toEqual(query[1]);
});

test("20 MB of rows print nothing, and arrive", async () => {
  const row = `insert into big values ('${"x".repeat(80)}');\n`;
  const rows = Math.ceil(20e6 / row.length);
  await sql(url, "create database big");
  const files = { "big.sql": `create table big (of text);\n${row.repeat(rows)}` };
  const { code, output } = await ran("big", files, ["big.sql"]);
  expect({ code, lines: output.trim().split("\n").length }).toEqual({ code: 0, lines: 1 });
  expect(await sql(inDatabase("big"), "select count(*)::int from big")).toEqual([rows]);
});

test("a role is added, and another one gets fewer rights; the data stays, and later tables can be read too", async () => {
  // From here on the server logs every statement, unlike by default.
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
