import { createHash, randomBytes } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { up, upFails } from "./checks.ts";
import { api, ended, freePorts, ROOT, TestStack } from "./harness.ts";

// The promises of jobs, over a Redis in which they leave traces, with programs/jobs, whose first job does what JOB_… says.

const PROGRAM = join(ROOT, "tests/e2e/programs/jobs");

async function newStack(): Promise<TestStack> {
  const stack = new TestStack(PROGRAM);
  onTestFinished(() => stack.dispose());
  const [hostPort] = await freePorts(1);
  await stack.create({ hostPort });
  return stack;
}

/** @returns how often a job has incremented a key, through the published port. */
async function counted(stack: TestStack, key: string): Promise<number> {
  return Number((await redis(stack, ["GET", key])) ?? 0);
}

async function redis(stack: TestStack, command: string[]): Promise<unknown> {
  const client = createClient({ url: await stack.outputs<string>("url") });
  await client.connect();
  try {
    return await client.sendCommand(command);
  } finally {
    client.destroy();
  }
}

const jobs = (stack: TestStack, service: string) =>
  stack.containers({ "stackyard.service": service, "stackyard.kind": "job" });

/** Checks that nothing that refers to the first job has run. */
async function expectNoDependents(stack: TestStack): Promise<void> {
  expect(await stack.containers({ "stackyard.service": "app", "stackyard.kind": "service" })).toEqual([]);
  expect((await jobs(stack, "second")).filter(({ state }) => state !== "created")).toEqual([]);
  expect(await counted(stack, "after")).toBe(0);
}

test("a job that fails fails `up`, is tried again by each `up`, and lets its dependents start once it succeeds", async () => {
  const stack = await newStack();
  const broken = {
    JOB_COMMAND:
      'redis incr tries; for n in $(seq 1 30); do echo "step $n"; done; sleep 1; echo "no such table" >&2; exit 3',
  };
  const fails = async (tries: number, ...flags: string[]) => {
    const output = await upFails(stack, broken, ...flags);
    expect(output).toContain('SetupJob "first" failed with exit code 3');
    expect(output).toMatch(/last log lines:[\s\S]*step 30\n +no such table/);
    await expectNoDependents(stack);
    expect(await counted(stack, "tries")).toBe(tries);
  };
  await fails(1);
  // A refresh does not turn it into a success.
  await fails(2, "--refresh");
  // After down and up it counts as never run.
  await up(stack, { ...broken, STACKYARD_DOWN: "1" });
  await fails(3);

  await up(stack);
  expect(await counted(stack, "runs")).toBe(1);
  expect(await counted(stack, "after")).toBe(1);
  expect(await stack.containers({ "stackyard.service": "app", "stackyard.kind": "service" })).toMatchObject([
    { state: "running" },
  ]);

  await up(stack, {}, "--refresh", "--expect-no-changes");
  await up(stack, { STACKYARD_DOWN: "1" });
  expect(await stack.containers()).toEqual([]);
  await up(stack);
  await stack.unchanged();
  expect(await counted(stack, "runs")).toBe(1);
  expect(await counted(stack, "after")).toBe(1);
});

test("a changed file, environment, command or image runs a job again once, as the preview says; nothing else does", async () => {
  const stack = await newStack();
  const file = join(stack.folder, "job.txt");
  const JOB_COMMAND = 'redis set file "$(sha256sum < /run/files/job.txt)"; redis incr runs';
  const env = { WITHOUT_APP: "1", JOB_FILE: file, JOB_COMMAND };
  // Not UTF-8: read as text, the two would be the same.
  const bytes = Buffer.concat([randomBytes(5_000), Buffer.from([0xff])]);
  const others = Buffer.concat([bytes.subarray(0, -1), Buffer.from([0xfe])]);
  const arrived = async () => String(await redis(stack, ["GET", "file"])).split(" ")[0];
  const hash = (of: Buffer) => createHash("sha256").update(of).digest("hex");
  writeFileSync(file, bytes);
  await up(stack, env);
  expect(await counted(stack, "runs")).toBe(1);
  expect(await arrived()).toBe(hash(bytes));

  const job = ["replace Container first", "replace Stash first-done"];
  const changes: [string, () => NodeJS.ProcessEnv][] = [
    [
      "file",
      () => {
        writeFileSync(file, others);
        return env;
      },
    ],
    ["environment", () => ({ ...env, JOB_MODE: "other" })],
    ["command", () => ({ ...env, JOB_MODE: "other", JOB_COMMAND: `true; ${JOB_COMMAND}` })],
  ];
  let now: NodeJS.ProcessEnv = env;
  for (const [at, [what, change]] of changes.entries()) {
    now = change();
    expect(await stack.planned(now), what).toEqual(job);
    await up(stack, now);
    expect(await counted(stack, "runs"), what).toBe(at + 2);
  }
  expect(await arrived()).toBe(hash(others));
  expect(await stack.planned({ ...now, JOB_IMAGE: "postgres" })).toEqual([
    "create RemoteImage image-postgres-17",
    ...job,
  ]);
  // The time-out is not a part of what it does, and nothing else is left to do.
  expect(await stack.planned({ ...now, JOB_TIMEOUT_SECONDS: "60" })).toEqual([]);
  // What refers to it has no reason to run again.
  expect(await counted(stack, "after")).toBe(1);

  // The success of the job before its change does not count for the changed one.
  const broken = { ...now, JOB_COMMAND: "redis incr tries; exit 4" };
  for (const tries of [1, 2]) {
    expect(await upFails(stack, broken)).toContain("failed with exit code 4");
    expect(await counted(stack, "tries")).toBe(tries);
  }
  expect(await stack.planned(broken)).toContain("replace Stash first-done");
});

test("a job that hangs is ended at its time-out, and fails like any other", async () => {
  const stack = await newStack();
  const hanging = { JOB_COMMAND: "redis incr tries; echo waiting for godot; sleep 3600", JOB_TIMEOUT_SECONDS: "5" };
  const output = await upFails(stack, hanging);
  expect(output).toContain('SetupJob "first" was ended: it took longer than 5 s');
  expect(output).toMatch(/last log lines:[\s\S]*waiting for godot/);
  expect(await jobs(stack, "first")).toMatchObject([{ state: "exited" }]);
  await expectNoDependents(stack);
  // Running it again by name does not take the ended run for a success either.
  expect(await upFails(stack, { ...hanging, JOB_TIMEOUT_SECONDS: "2" })).toContain("it took longer than 2 s");
  expect(await counted(stack, "tries")).toBe(2);
});

describe("over a running Redis", () => {
  const stack = new TestStack(PROGRAM);
  const env = { WITHOUT_APP: "1" };
  let volume: string;

  beforeAll(async () => {
    const [hostPort] = await freePorts(1);
    await stack.create({ hostPort });
    await up(stack, env);
    [volume = ""] = stack.urns(["Volume redis-data"]);
  });
  afterAll(() => stack.dispose());

  test("a job's log is shown while it runs", async () => {
    // The job continues only once its line has been seen, so a log that comes afterwards is too late.
    const JOB_COMMAND = "redis del go; echo half way; until redis get go | grep -x now; do sleep 0.2; done";
    const child = stack.startUp({ ...env, JOB_COMMAND, JOB_TIMEOUT_SECONDS: "30" });
    child.stdout?.on("data", (text: Buffer) => {
      // The last summary repeats the line; by then the answer does not matter.
      if (text.includes("half way")) redis(stack, ["SET", "go", "now"]).catch(() => {});
    });
    const { code, output } = await ended(child);
    expect(code, output).toBe(0);
  });

  test("a secret that a job prints is hidden in its log, and not in the state", async () => {
    const print = [
      'cat "$DATABASE_URL_FILE"; echo',
      'password=$(sed "s/.*default:\\(.*\\)@.*/\\1/" "$DATABASE_URL_FILE")',
      'echo "encoded: $(printf %s "$password" | base64)"',
    ].join("; ");
    const password = await stack.outputs<string>("password");
    const secrets = [password, Buffer.from(password).toString("base64").replace(/=+$/, "")];
    const failed = await upFails(stack, { ...env, JOB_COMMAND: `${print}; exit 3` });
    for (const output of [failed, (await up(stack, { ...env, JOB_COMMAND: print })).output]) {
      expect(output).toContain("redis://default:[secret]@redis:6379");
      expect(output).toMatch(/encoded: \[secret\]/);
      for (const secret of secrets) expect(output).not.toContain(secret);
    }

    const files = readdirSync(stack.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(files.length).toBeGreaterThan(2);
    for (const { parentPath, name } of files) {
      const text = readFileSync(join(parentPath, name), "utf8");
      for (const secret of secrets) expect(text.includes(secret), join(parentPath, name)).toBe(false);
    }
  });

  test("a job gets variables for what it refers to", async () => {
    const file = join(stack.folder, "job.txt");
    writeFileSync(file, "its content");
    const { output } = await up(stack, {
      ...env,
      JOB_FILE: file,
      JOB_MODE: "some mode",
      JOB_COMMAND:
        'echo "at $DATABASE_HOST $DATABASE_PORT $DATABASE_URL_FILE in $MODE"; cat /run/files/job.txt; echo; redis ping',
    });
    expect(output).toContain("at redis 6379 /run/secrets/database_url in some mode");
    expect(output).toContain("its content");
    expect(output).toContain("PONG");
  });

  test("a volume whose replacement was refused is still the one in use", async () => {
    await up(stack, env);
    const runs = await counted(stack, "runs");
    expect(await upFails(stack, env, "--replace", volume)).toContain("STACKYARD_DISCARD=redis");
    await stack.unchanged(env);
    expect(await counted(stack, "runs")).toBe(runs);
  });

  test("a job runs again for another volume of its database", async () => {
    const again = { ...env, JOB_COMMAND: "redis incr runs; redis get old" };
    await up(stack, again);
    await redis(stack, ["INCR", "old"]);
    const { output } = await up(stack, { ...again, STACKYARD_DISCARD: "redis" }, "--replace", volume);
    expect(output).toMatch(/Stash first-done created replacement/);
    expect(await counted(stack, "old")).toBe(0);
    expect(await counted(stack, "runs")).toBe(1);
    expect(await counted(stack, "after")).toBe(1);
    await stack.unchanged(again);
    expect(await api.volumes({ "stackyard.stack": stack.name, "stackyard.kind": "data" })).toHaveLength(1);
  });
});
