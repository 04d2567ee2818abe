import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Api, Migration, type MigrationArgs, Postgres, SetupJob } from "../../../components/index.ts";
import { deploy, idOf, type Options } from "../helpers/stack.ts";

let context: string;
beforeEach(() => {
  context = mkdtempSync(join(tmpdir(), "stackyard-migration-"));
  chmodSync(context, 0o755);
  cpSync("tests/e2e/programs/app", context, { recursive: true });
  mkdirSync(join(context, "src"));
  vi.spyOn(pulumi.log, "info").mockResolvedValue();
});
afterEach(() => rmSync(context, { recursive: true, force: true }));

const APP = { probe: ["true"] };
const release = (options: Options = {}, develop = false, args: Partial<MigrationArgs> = {}) =>
  deploy((platform) => {
    const database = new Postgres("pg", { platform });
    const build = { context };
    const migration = new Migration("migration", { platform, build, uses: { database }, ...args });
    const live = develop ? { develop: { mounts: { [join(context, "src")]: "/app/src" }, command: ["true"] } } : {};
    const backend = new Api("backend", { platform, build, uses: { database, migration }, ...APP, ...live });
    const after = new SetupJob("after", { platform, image: backend.image, uses: { backend } });
    return { backend, after };
  }, options);
type Stack = Awaited<ReturnType<typeof release>>;
const builds = (stack: Stack) => stack.of("RemoteImage").filter(({ inputs }) => inputs.build);
const imageOf = (stack: Stack, name: string) => stack.get(`Container ${name}`).inputs.image;

test("brings Alembic's database to its head, and knows its address", async () => {
  const stack = await release();
  expect(stack.types["Migration migration"]).toBe("stackyard:jobs:Migration");
  const { command, envs } = stack.get("Container migration").inputs;
  expect(command).toEqual(["alembic", "upgrade", "head"]);
  expect(envs).toContain("DATABASE_URL_FILE=/run/secrets/database_url");
});

test("runs another tool's command", async () => {
  const stack = await release({}, false, { command: ["npm", "run", "migrate"] });
  expect(stack.get("Container migration").inputs.command).toEqual(["npm", "run", "migrate"]);
});

test("comes after the database is ready, and before the application", async () => {
  const stack = await release();
  expect(stack.waitsFor("Stash migration-done", "Stash pg-ready")).toBe(true);
  expect(stack.waitsFor("Container backend", "Stash migration-done")).toBe(true);
  expect(stack.waitsFor("Container migration", "Container backend")).toBe(false);
});

test("has one image with the application, and with a job that comes after", async () => {
  const stack = await release();
  expect(builds(stack).map(({ name }) => name)).toEqual(["migration-image"]);
  expect(new Set(["migration", "backend", "after"].map((name) => imageOf(stack, name)))).toEqual(
    new Set(["sha256:migration-image"]),
  );
});

test("where sources are mounted, they count for the migration's image, and not for the application's", async () => {
  const [before, sameBefore] = builds(await release({}, true)).map(({ inputs }) => inputs.name);
  writeFileSync(join(context, "src/more.ts"), "");
  const stack = await release({}, true);
  expect(builds(stack).map(({ name }) => name)).toEqual(["migration-image", "backend"]);
  const [after, sameAfter] = builds(stack).map(({ inputs }) => inputs.name);
  expect([after === before, sameAfter === sameBefore]).toEqual([false, true]);
  expect(imageOf(stack, "after")).toBe("sha256:migration-image");
});

test("its image has the same name when it is down", async () => {
  const only = builds(await release({ only: ["backend", "pg"] }));
  expect(only.map(({ name }) => name)).toEqual(["migration-image"]);
});

test("one that fails says so by its own name, with its log", async () => {
  const stack = await release();
  stack.engine.container(idOf("migration")).onStart((it) => {
    it.writes("relation exists");
    it.exits(1);
  });
  await expect(stack.run("migration-done")).rejects.toThrow(
    /^Migration "migration" failed with exit code 1[\s\S]*relation exists/,
  );
});
