import { join } from "node:path";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { redis } from "../contract/rows.ts";
import { up, upFails } from "./checks.ts";
import { api, ended, eventually, freePorts, ROOT, run, signalledAt, TestStack } from "./harness.ts";

// The promises of readiness when things go wrong, with programs/failures, whose services can each be broken.

interface Urls {
  postgres: string;
  redis: string;
}

async function newStack(program = "failures"): Promise<TestStack> {
  const stack = new TestStack(join(ROOT, "tests/e2e/programs", program));
  onTestFinished(() => stack.dispose());
  const [hostPort] = await freePorts(1);
  await stack.create({ hostPort });
  return stack;
}

/** Runs an `up` that fails, and a refreshed one, which has to fail as well. @returns the output of the first. */
async function keepsFailing(stack: TestStack, env: NodeJS.ProcessEnv, message: RegExp): Promise<string> {
  const first = await upFails(stack, env);
  expect(first).toMatch(message);
  expect(await upFails(stack, env, "--refresh")).toMatch(message);
  return first;
}

/** It is seen between two attempts of its restart policy, or in one. */
const STOPPED = /Api "app" (stopped with exit code 1|does not stay up: it was started again)/;

const services = (stack: TestStack, service: string) =>
  stack.containers({ "stackyard.service": service, "stackyard.kind": "service" });

const healthy = expect.objectContaining({ state: "running", status: expect.stringContaining("(healthy)") });

async function sql(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

test("what runs out of memory at its start fails `up` with its last log lines, starts in place with more, and cannot get less than it uses", async () => {
  const stack = await newStack();
  const env = { PROGRAM: "postgres", APP_MODE: "hungry" };
  const small = { ...env, POSTGRES_MEMORY_MIB: "24", APP_MEMORY_MIB: "64" };
  const dies = /Postgres "postgres" (ran out of memory|stopped with exit code|does not stay up)/;
  const output = await keepsFailing(stack, small, dies);
  expect(output).toMatch(/last log lines:[\s\S]*The database cluster will be initialized/);
  // Nothing that refers to it has started.
  expect(await services(stack, "app")).toEqual([]);
  expect(await stack.containers({ "stackyard.service": "job" })).toMatchObject([{ state: "created" }]);
  const { id } = await stack.container("postgres");

  const larger = { ...small, POSTGRES_MEMORY_MIB: "256" };
  const first = await upFails(stack, larger);
  // The job's own log may come after the failure that ends the run.
  expect(first).toMatch(/Stash job-done created/);
  expect(first).toMatch(/Api "app" (ran out of memory|stopped with exit code 137|does not stay up)/);
  expect(await services(stack, "postgres")).toEqual([expect.objectContaining({ id, state: "running" })]);
  const [app] = await services(stack, "app");

  const enough = { ...larger, APP_MEMORY_MIB: "256" };
  await up(stack, enough);
  expect(await services(stack, "app")).toEqual([expect.objectContaining({ id: app?.id, state: "running" })]);
  await stack.unchanged(enough);

  // An engine with cgroup v1 refuses it; with v2 the server is killed for it.
  const less = { ...enough, APP_MEMORY_MIB: "64" };
  expect(await upFails(stack, less)).toMatch(
    /app: its memory cannot be set to 64 MiB while it runs|Api "app" (ran out of memory|stopped with|does not stay up)/,
  );
  await up(stack, enough);
  expect(await services(stack, "app")).toEqual([expect.objectContaining({ id: app?.id, state: "running" })]);
});

test("a database with a wrong password in its data never gets ready, and says why", async () => {
  const stack = await newStack();
  // Longer than the pause between probes of a running server, so that the first probe after the repair comes in time.
  const env = { PROGRAM: "postgres", POSTGRES_READY_TIMEOUT_SECONDS: "15" };
  await up(stack, { PROGRAM: "postgres" });
  const { postgres: url } = await stack.outputs<Urls>("urls");
  await sql(url, "alter role app password 'another'");

  // The other command line replaces the server, whose data has the other password.
  const changed = { ...env, POSTGRES_MAX_CONNECTIONS: "50" };
  // First by its time-out; then by the probe of a server that has run for a while.
  const late = /Postgres "postgres" (did not get ready within 15 s|is unhealthy)/;
  const first = await keepsFailing(stack, changed, late);
  expect(first).toMatch(/last probe: exit code 2: .*password authentication failed for user "app"/);
  expect(first).toMatch(/last log lines:[\s\S]*password authentication failed/);
  expect(first).not.toContain(new URL(url).password);

  const another = new URL(url);
  another.password = "another";
  await sql(another.href, `alter role app password '${new URL(url).password}'`);
  await up(stack, changed);
  await stack.unchanged(changed);
});

test("an API that does not start fails `up` at once, and one that does not get ready at its time-out, every time with its output", async () => {
  const stack = await newStack();
  const env = { PROGRAM: "app" };
  const first = await keepsFailing(stack, { ...env, APP_MODE: "exit", APP_READY_TIMEOUT_SECONDS: "300" }, STOPPED);
  // The lines come by two streams, in any order.
  for (const line of ["app: mode exit", "app: cannot start like this"]) {
    expect(first.slice(first.indexOf("last log lines:"))).toContain(line);
  }
  await up(stack, env);
  const serving = await services(stack, "app");
  expect(serving).toEqual([healthy]);

  // A release that fails leaves the one before it alone. The time-out is long enough for its output on a busy machine: at the next
  // attempt its probe has failed already.
  const refusing = { ...env, APP_MODE: "refuse", APP_READY_TIMEOUT_SECONDS: "20" };
  const release = await keepsFailing(stack, refusing, /Api "app" (did not get ready within 20 s|is unhealthy)/);
  expect(release).toContain('Api "app" did not get ready within 20 s');
  expect(release).toContain("last probe: exit code 1: app: not ready and never will be");
  expect(release).toMatch(/last log lines:[\s\S]*app: mode refuse/);
  expect(await services(stack, "app")).toContainEqual(
    expect.objectContaining({ id: serving[0]?.id, state: "running" }),
  );
  await up(stack, env);
  expect(await services(stack, "app")).toEqual([healthy]);
  await stack.unchanged(env);
});

test("a refreshed `up` starts what somebody stopped, published or not, and fails until it gets ready", async () => {
  const stack = await newStack();
  const env = { PROGRAM: "redis" };
  await up(stack, env);
  for (const service of ["redis", "app"]) await api.kill((await stack.container(service)).id);
  await up(stack, env, "--refresh");
  for (const service of ["redis", "app"]) expect(await services(stack, service), service).toEqual([healthy]);

  const { redis: url } = await stack.outputs<Urls>("urls");
  await redis(url, "SET", "broken", "1");
  await api.kill((await stack.container("app")).id);
  const first = await upFails(stack, env, "--refresh");
  expect(first).toMatch(STOPPED);
  expect(first).toMatch(/last log lines:[\s\S]*app: cannot start like this/);
  for (const flags of [[], ["--refresh"]]) expect(await upFails(stack, env, ...flags)).toMatch(STOPPED);

  await redis(url, "DEL", "broken");
  await up(stack, env);
  expect(await services(stack, "app")).toEqual([healthy]);
  await stack.unchanged(env);
});

test("Ctrl-C while a service gets ready ends `up`, and the next one continues", async () => {
  const stack = await newStack();
  const env = { PROGRAM: "app", APP_MODE: "refuse", APP_READY_TIMEOUT_SECONDS: "60" };
  const { hit, code, output } = await signalledAt(stack.startUp(env), "SIGINT", /Stash app-ready creating/);
  expect(hit).toBe(true);
  expect(code, output).not.toBe(0);
  // It ended before its time-out.
  expect(output).not.toContain("did not get ready within");
  expect(output).toContain("interrupted");
  const { id } = await stack.container("app");

  expect(await upFails(stack, { ...env, APP_READY_TIMEOUT_SECONDS: "3" })).toMatch(/did not get ready within 3 s/);
  await up(stack, { ...env, APP_MODE: "serve" });
  expect(await services(stack, "app")).toEqual([healthy]);
  expect((await services(stack, "app")).map((each) => each.id)).not.toContain(id);
  await stack.unchanged({ ...env, APP_MODE: "serve" });
});

test("Ctrl-C while a job runs ends `up`; the next one waits for that run, and starts no other", async () => {
  const stack = await newStack("jobs");
  await up(stack, { WITHOUT_APP: "1", JOB_COMMAND: "true" });
  const url = await stack.outputs<string>("url");
  const env = {
    WITHOUT_APP: "1",
    JOB_TIMEOUT_SECONDS: "90",
    JOB_COMMAND: "redis rpush marks start; until redis get go | grep -x now; do sleep 0.2; done; redis rpush marks end",
  };
  const child = stack.startUp(env);
  const done = ended(child);
  await eventually(async () => expect(await redis(url, "LRANGE", "marks", "0", "-1")).toEqual(["start"]));
  // Under load its program can run before the engine has answered that it is started.
  await eventually(async () => expect((await stack.container("first")).state).toBe("running"));
  expect(child.exitCode).toBe(null);
  process.kill(-(child.pid ?? 0), "SIGINT");
  const { code, output } = await done;
  expect(code, output).not.toBe(0);
  expect(output).not.toContain("took longer than");
  expect(output).toContain("interrupted");
  expect(await redis(url, "LRANGE", "marks", "0", "-1")).toEqual(["start"]);
  const { id, state } = await stack.container("first");
  expect(state).toBe("running");

  const next = stack.startUp(env);
  next.stdout?.on("data", (text: Buffer | string) => {
    if (String(text).includes("first-done creating")) setTimeout(() => void redis(url, "SET", "go", "now"), 1_000);
  });
  const after = await ended(next);
  expect(after.code, after.output).toBe(0);
  expect(after.output).toContain("is still running from an earlier up: waiting for it");
  expect((await stack.container("first")).id).toBe(id);
  expect(await redis(url, "LRANGE", "marks", "0", "-1")).toEqual(["start", "end"]);
  await stack.unchanged(env);
});

test.each<[string, { PROGRAM: string; STACKYARD_DISCARD?: string }]>([
  ["throws", { PROGRAM: "none" }],
  ["throws and its data might go", { PROGRAM: "none", STACKYARD_DISCARD: "postgres" }],
  ["lacks the database", { PROGRAM: "app" }],
])(
  "`down` works from state where the program %s, and keeps the data, the passwords and the gates",
  async (_, broken) => {
    const stack = await newStack();
    const env = { PROGRAM: "postgres" };
    await up(stack, env);
    const { postgres: url } = await stack.outputs<Urls>("urls");
    await sql(url, "create table kept ()");
    const before = await stack.state();

    const cli = join(ROOT, "cli/stackyard.ts");
    const down = await run("node", [cli, "down"], { cwd: stack.program, env: { ...stack.env, ...broken } });
    expect(down.code, down.output).toBe(0);
    expect(down.output).toContain("The program could not do it: going by the state alone, which keeps all data.\n");
    expect(down.output).not.toMatch(/DISCARD|refreshing/);
    expect(down.output).toMatch(/^down in .* \(by the state alone\)$/m);
    expect(await stack.containers()).toEqual([]);
    expect(await api.networks({ "stackyard.stack": stack.name })).toEqual([]);
    const kept = Object.entries(before).filter(([key]) => !/^(Container|Network) /.test(key));
    expect(await stack.state()).toEqual(Object.fromEntries(kept));

    const output = (await up(stack, env)).output;
    expect(output).not.toMatch(/Stash job-done (created|updated|replaced)/);
    await sql(url, "select * from kept");
    await stack.unchanged(env);
  },
);
