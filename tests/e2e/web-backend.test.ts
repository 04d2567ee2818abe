import { randomBytes } from "node:crypto";
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { up, upFails } from "./checks.ts";
import { api, docker, eventually, freePorts, inspect, ROOT, run, TestStack } from "./harness.ts";

// The backend of examples/web with PostgreSQL, Redis and its migrations: developed, released, migrated and stopped.

const stack = new TestStack(join(ROOT, "tests/e2e/programs/web-backend"));
const context = join(stack.folder, "backend");
const jwtSecret = randomBytes(24).toString("hex");
const PROD = { BACKEND: "prod" };
let port: number;

beforeAll(async () => {
  [port = 0] = await freePorts(1);
  cpSync(join(ROOT, "examples/web/backend"), context, { recursive: true });
  await stack.create({ context, jwtSecret, backendPort: port });
});
afterAll(() => stack.dispose());

interface Item {
  id: number;
  text: string;
  author: string;
}

const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}/api${path}`, init);
const post = (text: string, headers: Record<string, string> = {}) =>
  ask("/items", {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ text }),
  });

/** The texts, newest first, and where they come from. */
async function items() {
  const response = await ask("/items");
  expect(response.status, await response.clone().text()).toBe(200);
  return { cache: response.headers.get("x-cache"), texts: ((await response.json()) as Item[]).map(({ text }) => text) };
}

const sql = async (statement: string) => {
  const { id } = await stack.container("database");
  return (await docker(["exec", id, "psql", "-U", "app", "-Atc", statement])).stdout.trim();
};
const revision = () => sql("SELECT version_num FROM alembic_version");

/** A further migration. Its number comes after those of the sample. */
function migrate(statement: string): void {
  writeFileSync(
    join(context, "migrations/versions/0003_more.py"),
    `from alembic import op\n\nrevision = "0003"\ndown_revision = "0002"\n\n\ndef upgrade() -> None:\n    op.execute("${statement}")\n`,
  );
}

interface Running {
  Image: string;
  State: { StartedAt: string; FinishedAt: string; ExitCode: number; Running: boolean };
  Config: { User: string };
  HostConfig: { ReadonlyRootfs: boolean };
}
const running = async (service: string) => inspect<Running>((await stack.container(service)).id);

test("comes up with its tables, and a second `up` has nothing to do", async () => {
  await up(stack);
  await stack.unchanged();
  expect(await revision()).toBe("0002");
  const ready = await ask("/ready");
  expect(await ready.json()).toEqual({ status: "ready", checks: { database: "ok", cache: "ok" } });
});

test("what is written is read, at first from the database, then from the cache, until the next write", async () => {
  expect(await items()).toEqual({ cache: "miss", texts: [] });
  expect(await items()).toEqual({ cache: "hit", texts: [] });
  const first = await post("the first");
  expect(first.status).toBe(201);
  const { author } = (await first.json()) as Item;
  expect(await items()).toEqual({ cache: "miss", texts: ["the first"] });
  expect(await items()).toEqual({ cache: "hit", texts: ["the first"] });

  const cookie = first.headers.get("set-cookie")?.split(";")[0] ?? "";
  const second = await post("the second", { cookie });
  expect(((await second.json()) as Item).author).toBe(author);
  const forged = await post("the third", { cookie: `${cookie.slice(0, -4)}AAAA` });
  expect(((await forged.json()) as Item).author).not.toBe(author);
  expect((await items()).texts).toEqual(["the third", "the second", "the first"]);
});

test("a request keeps its id, which is in the log, as JSON, and no secret is", async () => {
  const id = `from-${stack.name}`;
  const response = await ask("/items", { headers: { "x-request-id": id } });
  expect(response.headers.get("x-request-id")).toBe(id);
  const lines = await api.logs((await stack.container("backend")).id, undefined);
  const logged = lines.filter((line) => line.includes(id)).map((line) => JSON.parse(line));
  expect(logged).toMatchObject([{ level: "INFO", method: "GET", path: "/api/items", status: 200, request_id: id }]);
  expect(lines.join("\n")).not.toContain(jwtSecret);
});

test("without the cache it answers from the database, and says that it is not ready", async () => {
  const { id } = await stack.container("cache");
  onTestFinished(async () => void (await docker(["start", id])));
  await docker(["stop", id]);
  for (let times = 0; times < 10; times++) {
    const began = performance.now();
    expect(await items()).toMatchObject({ cache: "off", texts: ["the third", "the second", "the first"] });
    // To look up a name that is gone takes five seconds and more.
    expect(performance.now() - began).toBeLessThan(2_000);
  }
  expect((await post("the fourth")).status).toBe(201);
  const ready = await ask("/ready");
  expect([ready.status, await ready.json()]).toEqual([
    503,
    { status: "not ready", checks: { database: "ok", cache: "does not answer" } },
  ]);
  await docker(["start", id]);
  await eventually(async () =>
    expect(await items()).toEqual({ cache: "hit", texts: ["the fourth", "the third", "the second", "the first"] }),
  );
});

test("an edit of its source is live in the same container, with nothing for `up` to replace in it", async () => {
  const before = await stack.container("backend");
  const source = join(context, "app/main.py");
  writeFileSync(source, readFileSync(source, "utf8").replace('"status": "ok"', '"status": "edited"'));
  await eventually(async () => expect(await (await ask("/health")).json()).toMatchObject({ status: "edited" }));
  // Only the migration's image has the sources as they are now.
  expect(await stack.planned()).toEqual([
    "replace Container migration",
    "replace RemoteImage migration-image",
    "replace Stash migration-done",
  ]);
  expect((await stack.container("backend")).id).toBe(before.id);
});

test("released, it has one image with its migration, is not root, and writes nowhere", async () => {
  await up(stack, PROD);
  await stack.unchanged(PROD);
  const [backend, migration] = [await running("backend"), await running("migration")];
  expect(backend.Image).toBe(migration.Image);
  expect(await api.imageNames(`stackyard.invalid/*-${stack.name}-*:*`)).toContainEqual(
    expect.stringContaining("-migration-image:"),
  );
  expect([backend.Config.User, backend.HostConfig.ReadonlyRootfs]).toEqual(["1000:1000", true]);
  expect(await (await ask("/health")).json()).toMatchObject({ status: "edited" });
});

test("a migration that fails stops the release, and the old backend serves on", async () => {
  const { id } = await stack.container("backend");
  migrate("ALTER TABLE nowhere ADD COLUMN more text");
  const output = await upFails(stack, PROD);
  expect(output).toMatch(/Migration "migration" failed with exit code 1/);
  expect(output).toContain('relation "nowhere" does not exist');
  expect((await stack.container("backend")).id).toBe(id);
  expect(await revision()).toBe("0002");
  expect((await post("while a migration fails")).status).toBe(201);
});

test("a migration that is mended runs before the new backend", async () => {
  migrate("ALTER TABLE items ADD COLUMN more text");
  await up(stack, PROD);
  expect(await revision()).toBe("0003");
  const [backend, migration] = [await running("backend"), await running("migration")];
  expect(backend.Image).toBe(migration.Image);
  expect(Date.parse(migration.State.FinishedAt)).toBeLessThan(Date.parse(backend.State.StartedAt));
  expect((await items()).texts[0]).toBe("while a migration fails");
  await stack.unchanged(PROD);
});

test("is ready also over a database that a later version has migrated, and not over an earlier one", async () => {
  await sql("UPDATE alembic_version SET version_num = 'later'");
  expect((await ask("/ready")).status).toBe(200);
  await sql("UPDATE alembic_version SET version_num = '0002'");
  expect(await (await ask("/ready")).json()).toMatchObject({
    checks: { database: expect.stringContaining("at migration 0002, and this version needs 0003") },
  });
  await sql("UPDATE alembic_version SET version_num = '0003'");
});

test("told to stop, it finishes the request in flight, closes the connection without one, and accepts no more", async () => {
  const { id } = await stack.container("backend");
  const idle = await opened();
  idle.socket.write("GET /api/health HTTP/1.1\r\nHost: it\r\n\r\n");
  await idle.until(/"status"/);
  const flying = await opened();
  const body = JSON.stringify({ text: "in flight" });
  flying.socket.write(
    "POST /api/items HTTP/1.1\r\nHost: it\r\nContent-Type: application/json\r\n" +
      `Content-Length: ${body.length}\r\nExpect: 100-continue\r\n\r\n`,
  );
  // The application has begun to read: the request is in flight.
  await flying.until(/^HTTP\/1.1 100 /);

  const stopped = docker(["stop", "--time", "15", id]);
  await idle.closed;
  await eventually(async () => {
    const answered = await ask("/health").then(
      () => true,
      () => false,
    );
    expect(answered).toBe(false);
  }, 5);
  expect((await running("backend")).State.Running).toBe(true);
  flying.socket.write(body);
  const answer = await flying.until(/in flight/);
  expect(answer).toMatch(/HTTP\/1.1 201 /);
  expect(answer).toMatch(/connection: close/i);
  await stopped;
  expect((await running("backend")).State).toMatchObject({ Running: false, ExitCode: 0 });
  await docker(["start", id]);
  await eventually(async () => expect((await items()).texts[0]).toBe("in flight"));
});

/** A connection to the backend. */
async function opened() {
  const socket: Socket = connect(port, "127.0.0.1").setEncoding("utf8");
  let text = "";
  const closed = new Promise<void>((resolve) => socket.once("close", resolve));
  const until = (wanted: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => wanted.test(text) && resolve(text);
      socket.on("data", look);
      void closed.then(() => reject(new Error(`closed before ${wanted}: ${text}`)));
      look();
    });
  socket.on("data", (more) => {
    text += more;
  });
  socket.on("error", () => {});
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  return { socket, until, closed };
}

test("is rebuilt by its name, though its image has the migration's, with the Dockerfile that the program names", async () => {
  const { code, output } = await run("node", [join(ROOT, "cli/stackyard.ts"), "build", "backend"], {
    cwd: stack.program,
    env: { ...stack.env, ...PROD },
  });
  expect(code, output).toBe(0);
  expect(output).toMatch(/backend\.Dockerfile/);
  expect((await running("backend")).Image).toBe((await running("migration")).Image);
  expect((await items()).texts[0]).toBe("in flight");
});

test("destroy leaves nothing", async () => {
  rmSync(join(context, "migrations/versions/0003_more.py"));
  const { code, output } = await stack.pulumi(["destroy", "--yes"]);
  expect(code, output).toBe(0);
  expect(await stack.leftovers()).toEqual([]);
});
