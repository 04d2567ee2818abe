import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { currentPlace, startOf } from "../../../cli/shared/processes.ts";
import { type Fate, fateOf, type Holder, holder, readHolder, release, take } from "../../../cli/shared/verb-lock.ts";

const MODULE = fileURLToPath(new URL("../../../cli/shared/verb-lock.ts", import.meta.url));

let folder = "";
let file = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-verb-lock-"));
  file = join(folder, "shop/dev.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A process of its own that runs until the test ends. */
function sleeping(): ChildProcess & { pid: number } {
  const child = spawn("sleep", ["600"], { stdio: "ignore" });
  onTestFinished(() => void child.kill("SIGKILL"));
  if (child.pid === undefined) throw new Error("sleep does not run");
  return child as ChildProcess & { pid: number };
}

async function killed(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

/** One that has ended and whose parent was not told. */
async function zombie(): Promise<number> {
  // The shell becomes a program that waits for nobody, and says so once it is one: until then it may take note of the end.
  const script = 'sleep 600 & echo $!; exec sh -c "echo; exec sleep 600"';
  const parent = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void parent.kill("SIGKILL"));
  const pid = await new Promise<number>((resolve) => {
    let said = "";
    parent.stdout.on("data", (text: Buffer) => {
      said += String(text);
      if (said.endsWith("\n\n")) resolve(Number(said));
    });
  });
  process.kill(pid, "SIGKILL");
  while (startOf(pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(process.kill(pid, 0)).toBe(true);
  return pid;
}

describe("the fate of a holder", () => {
  test.each<[string, Fate, () => Promise<Partial<Holder>> | Partial<Holder>]>([
    ["a process that runs", "lives", () => ({})],
    [
      "one that was killed",
      "gone",
      async () => {
        const child = sleeping();
        const held = holder(file, "make dev", child.pid);
        await killed(child);
        return held;
      },
    ],
    ["one that has ended, and is still in the table", "gone", async () => ({ pid: await zombie() })],
    ["another process that has its number now", "gone", () => ({ start: "12345" })],
    ["one of before the machine was started again", "gone", () => ({ boot: "another" })],
    ["one whose start could not be seen, where there is one of that number", "lives", () => ({ start: "" })],
    ["one on a machine that has another name now", "lives", () => ({ host: "as-it-was-called" })],
    ["one on another machine", "elsewhere", () => ({ machine: "another" })],
    ["one on another machine, started again since", "elsewhere", () => ({ machine: "another", boot: "another" })],
    ["one in a container of this machine", "elsewhere", () => ({ namespace: "pid:[1]" })],
  ])("%s: %s", async (_, fate, more) => {
    expect(fateOf({ ...holder(file, "make dev"), ...(await more()) })).toBe(fate);
  });
});

describe("a lock", () => {
  test("is free, then held by the first run, and free again", () => {
    const [me, other] = [holder(file, "make dev"), holder(file, "make down")];
    expect(take(file, me)).toEqual({});
    expect(take(file, other)).toEqual({ heldBy: me });
    release(file, other);
    expect(readHolder(file)).toEqual(me);
    release(file, me);
    expect(take(file, other)).toEqual({});
    expect(readdirSync(join(folder, "shop"))).toEqual(["dev.json"]);
  });

  test.each<[string, () => void, string]>([
    ["of a process that is gone", () => void take(file, { ...holder(file, "make dev"), start: "1" }), "make dev"],
    ["that a loss of power has emptied", () => writeFileSync(file, ""), "a run"],
  ])("%s is taken over, and leaves nothing", (_, left, verb) => {
    take(file, holder(file, "first"));
    release(file, readHolder(file) as Holder);
    left();
    const me = holder(file, "make down");
    expect(take(file, me)).toMatchObject({ predecessor: { verb } });
    expect(readHolder(file)).toEqual(me);
    expect(readdirSync(join(folder, "shop"))).toEqual(["dev.json"]);
  });

  test("is taken over from one that was itself ended while it took it over", () => {
    const [gone, between, me] = ["dev", "up", "down"].map((verb) => holder(file, verb));
    if (!gone || !between || !me) throw new Error("three");
    take(file, { ...gone, start: "1" });
    writeFileSync(`${file}.after-${gone.token}`, JSON.stringify({ ...between, start: "1" }));
    expect(take(file, me)).toMatchObject({ predecessor: { verb: "dev" } });
    expect(take(file, holder(file, "clean"))).toEqual({ heldBy: me });
    expect(readdirSync(join(folder, "shop"))).toEqual(["dev.json"]);
  });

  test("is held while somebody is about to take it over", () => {
    const [gone, between] = [holder(file, "dev"), holder(file, "up")];
    take(file, { ...gone, start: "1" });
    writeFileSync(`${file}.after-${gone.token}`, JSON.stringify(between));
    expect(take(file, holder(file, "down"))).toEqual({ heldBy: between });
  });

  // Each round has one process that gets it, of several that find it left behind at the same moment.
  test("is held by one process, however many take it at the same time", async () => {
    const rounds = 20;
    const racer = `
      import { holder, take, readHolder, release } from ${JSON.stringify(MODULE)};
      import { appendFileSync } from "node:fs";
      const me = { ...holder(${JSON.stringify(file)}, "race"), user: process.argv[1] };
      // What holds it is this process, and in the next round it is gone.
      for await (const line of process.stdin.setEncoding("utf8")) for (const each of line.trim().split("\\n")) {
        const round = { ...me, token: me.token + each };
        const { heldBy } = take(${JSON.stringify(file)}, round);
        process.stdout.write(heldBy ? "held\\n" : "mine\\n");
      }`;
    const racers = [1, 2, 3, 4].map((at) =>
      spawn(process.execPath, ["--input-type=module", "--eval", racer, String(at)], {
        stdio: ["pipe", "pipe", "inherit"],
      }),
    );
    for (const each of racers) onTestFinished(() => void each.kill("SIGKILL"));
    for (let round = 0; round < rounds; round++) {
      rmSync(file, { force: true });
      take(file, { ...holder(file, "gone"), start: "1" });
      const answers = racers.map(
        (each) =>
          new Promise<string>((resolve) => each.stdout.once("data", (text: Buffer) => resolve(String(text).trim()))),
      );
      for (const each of racers) each.stdin.write(`${round}\n`);
      expect((await Promise.all(answers)).sort()).toEqual(["held", "held", "held", "mine"]);
    }
    expect(readdirSync(join(folder, "shop"))).toEqual(["dev.json"]);
  });
});

test("the machine and its boot are known", () => {
  expect(currentPlace().machine).not.toBe("");
  expect(currentPlace().boot).not.toBe("");
});
