import { spawn } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Timeline } from "../../cli/shared/timeline.ts";
import { copyOfProject, docker, ended, type Ran, TestStack } from "./harness.ts";

// The live output of `make dev`, in a pipe and on a terminal, and what it keeps of its run.

const PROGRAM = `
  import { z } from "zod";
  import { type Platform, Redis, SetupJob } from "../../components/index.ts";
  export const settings = z.strictObject({});
  const image = { registry: "redis:8", packages: "redis" };
  export function program(platform: Platform) {
    const cache = new Redis("cache", { platform });
    const command = ["sh", "-ec", process.env.SEED ?? "echo seeded"];
    const seed = new SetupJob("seed", { platform, image, command, uses: { cache } });
    new SetupJob("after", { platform, image, command: ["true"], uses: { seed } });
    return { cache };
  }
`;
const project = copyOfProject({ "stacks/live/index.ts": () => PROGRAM });
const SETTINGS = { program: "live" };
const stack = new TestStack(project);

beforeAll(() => stack.create(SETTINGS));
afterAll(async () => {
  await stack.dispose();
  rmSync(project, { recursive: true });
});

const timelineFile = join(stack.folder, "backend/timelines", stack.project, `${stack.name}.json`);
const timeline = () => JSON.parse(readFileSync(timelineFile, "utf8")) as Timeline;

/** Runs `up` on a terminal of its own, and types what `typed` returns, once it returns something. */
async function onTerminal(env: NodeJS.ProcessEnv, typed: (seen: string) => string | undefined = () => undefined) {
  const child = spawn("script", ["-qefc", `node ${join(project, "cli/stackyard.ts")} up`, "/dev/null"], {
    cwd: project,
    env: { ...stack.env, TERM: "xterm", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let seen = "";
  let done = false;
  child.stdout.on("data", (text: Buffer) => {
    seen += String(text);
    const keys = done ? undefined : typed(seen);
    if (keys === undefined) return;
    done = true;
    child.stdin.write(keys);
  });
  const { code, output } = await ended(child);
  return { code, output: output.replaceAll("\r\n", "\n") };
}

const ESCAPE = "\x1b";
/** Moves to the beginning of the table, and clears it. */
const FRAME = new RegExp(`${ESCAPE}\\[(\\d+)A\\r${ESCAPE}\\[J`);
const COLOUR = new RegExp(`${ESCAPE}\\[\\d+m`, "g");

/** The final content of the terminal, without what was drawn over. */
function screen(output: string): string {
  const [first = "", ...drawn] = output.split(FRAME);
  const kept = first.split("\n").slice(0, -1);
  for (let at = 0; at < drawn.length; at += 2) {
    kept.splice(-Number(drawn[at]));
    // Nothing follows the last end of a line.
    kept.push(...(drawn[at + 1] ?? "").split("\n").slice(0, -1));
  }
  return kept.join("\n").replace(COLOUR, "");
}

function expectFailure({ code, output }: Pick<Ran, "code" | "output">): void {
  expect(code, output).not.toBe(0);
  expect(output).toContain(
    'error: SetupJob "seed" failed with exit code 3\nlast log lines:\n  no seed\nMend the cause',
  );
  expect(output).not.toContain("update failed");
  expect(output).toContain(
    `\nseed failed. \`make ps NAME=${stack.name}\` shows what is there, \`make logs NAME=${stack.name} s=seed\` what a service wrote.`,
  );
}

test("in a pipe: a line for each phase, the log of a job, and why it failed", async () => {
  const ran = await stack.verb("up", { SEED: "echo no seed; sleep 1; exit 3" });
  expectFailure(ran);
  const of = (name: string) => ran.stdout.split("\n").filter((line) => line.startsWith(name));
  expect(of("cache")).toEqual([
    "cache: creating",
    "cache: starting",
    expect.stringMatching(/^cache: ready after \d+\.\d s$/),
  ]);
  expect(of("seed")).toEqual([
    "seed: waiting for cache",
    "seed: creating",
    "seed: running",
    "seed | no seed",
    "seed: failed",
  ]);
  expect(of("after")).toEqual(["after: waiting for seed"]);
  expect(ran.output).not.toMatch(FRAME);

  const { steps, tookMs } = timeline();
  const [cache, seed, after] = steps;
  expect(cache).toMatchObject({ name: "cache", kind: "service", waitsFor: [] });
  const {
    createdMs = Number.NaN,
    startedMs = Number.NaN,
    answeredMs = Number.NaN,
    finishedMs = Number.NaN,
  } = cache ?? {};
  const times = [0, createdMs, startedMs, answeredMs, finishedMs, seed?.startedMs ?? Number.NaN, tookMs];
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(seed).toMatchObject({ name: "seed", kind: "job", waitsFor: ["cache"] });
  expect(seed).not.toHaveProperty("finishedMs");
  expect(after).toEqual({ name: "after", kind: "job", waitsFor: ["seed"] });
});

test("on a terminal: one table below all messages, in which the failed job stays", async () => {
  const ran = await onTerminal({ SEED: "echo no seed; sleep 2; exit 3" });
  expectFailure(ran);
  expect(ran.output).toMatch(FRAME);
  const shown = screen(ran.output);
  expect(shown.match(/^SERVICE +PHASE +HEALTH +ELAPSED$/gm)).toHaveLength(1);
  expect(shown).toMatch(/^seed \| no seed$[\s\S]*^error: SetupJob[\s\S]*^SERVICE +PHASE/m);
  expect(shown).toMatch(/^cache +unchanged +healthy +-$/m);
  expect(shown).toMatch(/^seed +failed +- +-$/m);
  expect(shown).toMatch(/^after +waiting for seed +- +-$/m);
  // As it was shown while the job ran.
  expect(ran.output).toMatch(/^seed +running +- +[12] s$/m);
});

test("Ctrl-C on a terminal ends `up` in order", async () => {
  const running = await onTerminal({ SEED: "echo long; sleep 60" }, (seen) =>
    seen.includes("seed | long") ? "\x03" : undefined,
  );
  expect(running.code, running.output).not.toBe(0);
  const shown = screen(running.output);
  expect(shown).toContain("^C received; cancelling.");
  expect(shown).toContain("interrupted: run `up` again to go on from here");
  expect(shown).toMatch(/^seed +interrupted/m);
  // The job was left to run; the next `up` has another command for it, and ends it.
  expect((await stack.container("seed")).state).toBe("running");
});

test("SIGTERM ends `up` in order as well, and is not reported as a failure", async () => {
  const running = stack.startVerb("up", { SEED: "echo ended; sleep 60" });
  let seen = "";
  running.stdout?.on("data", (text: Buffer) => {
    seen += String(text);
    // Only one signal: a second one tells pulumi to stop at once.
    if (!running.killed && seen.includes("seed | ended")) running.kill("SIGTERM");
  });
  const { code, output } = await ended(running);
  expect(code, output).toBe(128 + 15);
  expect(output).toMatch(/^seed: interrupted$/m);
  expect(output).toContain("\nInterrupted: what was done so far is kept.");
  expect(output).not.toContain("failed");
});

test("after a success: only the table of what is up", async () => {
  const { code, output } = await onTerminal({});
  expect(code, output).toBe(0);
  const shown = screen(output);
  expect(shown).not.toMatch(/PHASE/);
  expect(shown).toMatch(/^seed \| seeded$/m);
  expect(shown).toMatch(/^SERVICE +STATE +ADDRESS +READY AFTER\ncache +ready/m);
  expect(shown).toMatch(/^seed +done/m);
  expect(timeline().steps.map(({ name, finishedMs }) => [name, finishedMs === undefined])).toEqual([
    ["cache", true],
    ["seed", false],
    ["after", false],
  ]);
});

test("nothing to do: everything is shown as unchanged, and the last run with changes is kept", async () => {
  const before = readFileSync(timelineFile, "utf8");
  const { code, output, stdout } = await stack.verb("up");
  expect(code, output).toBe(0);
  expect(stdout.split("\n").slice(0, 3).sort()).toEqual(["after: unchanged", "cache: unchanged", "seed: unchanged"]);
  expect(output).toMatch(/^up in \d+\.\d s \(\d+ unchanged\)\./m);
  expect(readFileSync(timelineFile, "utf8")).toBe(before);
  expect(statSync(timelineFile).mode & 0o777).toBe(0o600);
});

test("show=resources shows pulumi's own lines for every resource", async () => {
  const { code, output } = await stack.verb("up", { show: "resources" });
  expect(code, output).toBe(0);
  expect(output).toMatch(/Resources:\n\s+\d+ unchanged\n/);
  expect(output).toMatch(/^cache +ready/m);
});

/** Starts an `up` whose job writes `holds`, and waits until it has. */
async function holding(SEED: string) {
  const running = stack.startUp({ SEED });
  const holder = ended(running);
  await new Promise<void>((holds, lost) => {
    running.stdout?.on("data", (text: Buffer) => text.includes("holds") && holds());
    void holder.then(({ output }) => lost(new Error(`ended without holding anything: ${output}`)));
  });
  return { running, holder };
}

test("refusals before anything is touched come without a table, also that of a lock", async () => {
  stack.configure({ ...SETTINGS, environment: "nowhere" });
  const refused = await onTerminal({});
  expect(refused.code).not.toBe(0);
  expect(refused.output).toContain(`error: stack ${stack.name} has bad settings\n  environment: should be`);
  expect(refused.output).not.toContain("PHASE");
  stack.configure(SETTINGS);

  // It holds the lock while its job runs, which is until the test ends the job, after the other run has been refused.
  const { running, holder } = await holding("trap 'exit 0' TERM; echo holds; sleep 120 & wait");
  const locked = await onTerminal({});
  await docker(["kill", "--signal", "TERM", (await stack.container("seed")).id]);
  expect(locked.code).not.toBe(0);
  expect(locked.output).toMatch(
    new RegExp(
      `^pulumi up \\(process ${running.pid} of \\S+, since \\S+Z\\) is at work on stack ${stack.name}: nothing was touched\\. wait=1 waits`,
      "m",
    ),
  );
  expect(locked.output).not.toContain("PHASE");
  const { code, output } = await holder;
  expect(code, output).toBe(0);
});

test("leftovers of a killed run are repaired on a terminal without a question", async () => {
  const { running, holder } = await holding("echo holds; sleep 121");
  process.kill(-(running.pid ?? 0), "SIGKILL");
  await holder;
  const { code, output } = await onTerminal({});
  expect(code, output).toBe(0);
  expect(output).not.toContain("Confirm?");
});

test("a pulumi that outlives its killed verb is named, and left to finish", async () => {
  const running = stack.startVerb("up", { SEED: "trap 'exit 0' TERM; echo goes on; sleep 122 & wait" });
  let seen = "";
  await new Promise<void>((goesOn, ended) => {
    running.stdout?.on("data", (text: Buffer) => {
      seen += String(text);
      if (seen.includes("goes on\n")) goesOn();
    });
    running.once("exit", () => ended(new Error(`ended before that: ${seen}`)));
  });
  running.kill("SIGKILL");
  await new Promise((resolve) => running.once("exit", resolve));
  const refused = await stack.verb("down");
  expect(refused.code, refused.output).toBe(1);
  expect(refused.output).toMatch(
    new RegExp(
      `^pulumi \\(process \\d+ of .*\\) is at work on stack ${stack.name}: nothing was touched\\. wait=1 waits until it has ended, \`kill -INT \\d+\` ends it in order\\.$`,
      "m",
    ),
  );
  await docker(["kill", "--signal", "TERM", (await stack.container("seed")).id]);
  const { code, output } = await stack.verb("up", { wait: "1" });
  expect(code, output).toBe(0);
  await stack.unchanged();
});

test("a second run is refused at once, whatever its verb and its moment; with wait=1 it comes afterwards", async () => {
  expect((await stack.verb("down")).code).toBe(0);
  // Its job ends at a signal from the test.
  const SEED = "trap 'exit 0' TERM; echo held; sleep 120 & wait";
  const running = stack.startVerb("dev", { SEED });
  const first = ended(running);
  const moments: Record<string, string[]> = {
    "cache: creating\n": ["up"],
    "cache: starting\n": ["down"],
    "seed: running\n": ["clean"],
    "seed | held\n": ["restart", "refresh"],
  };
  const others: Promise<[string, Ran]>[] = [];
  let seen = "";
  await new Promise<void>((held, lost) => {
    running.stdout?.on("data", (text: Buffer) => {
      seen += String(text);
      for (const [moment, verbs] of Object.entries(moments)) {
        if (!seen.includes(moment)) continue;
        delete moments[moment];
        for (const verb of verbs) {
          const ran =
            verb === "refresh" ? stack.pulumi([verb, "--yes"]) : stack.verb(verb, verb === "clean" ? { YES: "1" } : {});
          others.push(ran.then((ran) => [verb, ran]));
        }
      }
      if (Object.keys(moments).length === 0) held();
    });
    void first.then(({ output }) => lost(new Error(`ended too early: ${output}`)));
  });
  const holder = `make dev \\(process ${running.pid} of \\S+, since \\S+Z\\) is at work on stack ${stack.name}`;
  for (const [verb, { code, output }] of await Promise.all(others)) {
    expect(code, `${verb}: ${output}`).toBe(1);
    expect(output, verb).toMatch(new RegExp(`${holder}: nothing was touched\\. wait=1 waits until it has ended\\.\n$`));
  }
  const { stdout } = await stack.verb("doctor", { json: "1" });
  const findings = JSON.parse(stdout) as { about: string; ok: boolean; found: string }[];
  const locks = findings.filter(({ about }) => about.endsWith("lock")).map(({ about, ok }) => [about, ok]);
  expect(locks, stdout).toEqual([
    ["lock", true],
    ["pulumi's lock", true],
  ]);

  const waiting = stack.startVerb("down", { wait: "1" });
  const after = ended(waiting);
  await new Promise<void>((waits) => {
    waiting.stderr?.on("data", (text: string) => text.includes("waiting until it has ended") && waits());
    void after.then(() => waits());
  });
  await docker(["kill", "--signal", "TERM", (await stack.container("seed")).id]);
  const { code, output } = await first;
  expect(code, output).toBe(0);
  expect(output).not.toContain("in no state");
  const down = await after;
  expect(down.code, down.output).toBe(0);
  expect(down.output).toMatch(new RegExp(`${holder}: waiting until it has ended`));
  expect(await stack.containers()).toEqual([]);
  const up = await stack.verb("up");
  expect(up.code, up.output).toBe(0);
  await stack.unchanged();
});

test("no password is in the records of a run", async () => {
  const { cache } = await stack.outputs<Record<string, string>>("urls");
  const { password } = new URL(cache ?? "");
  expect(password).toMatch(/^\w{32}$/);
  expect(readFileSync(timelineFile, "utf8")).not.toContain(password);
});
