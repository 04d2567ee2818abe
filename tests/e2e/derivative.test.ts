import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sql } from "../contract/rows.ts";
import { freePorts, ROOT, TestStack } from "./harness.ts";

// A database with an image that derives from the stack's own, and with settings for the server's start, through a real client.

const stack = new TestStack(join(ROOT, "tests/e2e/programs/derivative"));
/** A value that would need quotes in a shell or in a configuration file. */
const QUOTED = `it's "here" $HOME \\n; -- %s`;
const SETTINGS = {
  shared_preload_libraries: "pg_stat_statements",
  "pg_stat_statements.max": 200,
  work_mem: "6MB",
  enable_seqscan: true,
  application_name: "",
  // Of sessions, and not of those that make the cluster and set it up.
  default_transaction_read_only: true,
  "app.note": QUOTED,
};
let hostPort: number;
let url: string;

async function up(settings: object): Promise<void> {
  stack.configure({ hostPort, settings });
  const { code, output } = await stack.up();
  expect(code, output).toBe(0);
  url = await stack.outputs("url");
}

beforeAll(async () => {
  [hostPort = 0] = await freePorts(1);
  await stack.create({ hostPort, settings: SETTINGS });
});
afterAll(() => stack.dispose());

test("its image is built, its extensions are created, and the next `up` has nothing to do", async () => {
  await up(SETTINGS);
  expect(await sql(url, "select extname from pg_extension where extname <> 'plpgsql' order by 1")).toEqual([
    "pg_stat_statements",
    "vector",
  ]);
  await stack.unchanged();
});

test("a client stores vectors, and finds the nearest by an index", async () => {
  const writable = `${url}?options=-c%20default_transaction_read_only=off`;
  await sql(writable, "create table items (name text, embedding vector(3))");
  await sql(writable, "create index on items using hnsw (embedding vector_l2_ops)");
  await sql(writable, "insert into items values ('red', '[1,0,0]'), ('green', '[0,1,0]'), ('blue', '[0,0,1]')");
  const nearest = "select name from items order by embedding <-> $1::vector limit 1";
  expect(await sql(url, nearest, "[0.1,0.9,0.2]")).toEqual(["green"]);
  expect(await sql(url, nearest, "[0.1,0.2,0.7]")).toEqual(["blue"]);
});

test("its settings are in force, exactly as they were written", async () => {
  for (const [name, value] of Object.entries(SETTINGS).filter(([name]) => name !== "application_name")) {
    const shown = value === true ? "on" : String(value);
    expect([name, await sql(url, `show ${name}`)]).toEqual([name, [shown]]);
  }
  expect(await sql(url, "select boot_val || reset_val from pg_settings where name = 'application_name'")).toEqual([""]);
  expect(await sql(url, "select count(*) > 0 from pg_stat_statements")).toEqual([true]);
});

test("a changed setting replaces its container, and keeps its data", async () => {
  const settings = { ...SETTINGS, work_mem: "7MB" };
  stack.configure({ hostPort, settings });
  expect(await stack.planned()).toEqual(["replace Container vectors", "replace Stash vectors-ready"]);
  await up(settings);
  expect(await sql(url, "show work_mem")).toEqual(["7MB"]);
  expect(await sql(url, "select name from items order by name")).toEqual(["blue", "green", "red"]);
});

test("destroy leaves nothing", async () => {
  const { code, output } = await stack.pulumi(["destroy", "--yes"]);
  expect(code, output).toBe(0);
  expect(await stack.leftovers()).toEqual([]);
});
