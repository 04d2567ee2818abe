import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ContainerState, Probed } from "../../../../components/engines/containers/api.ts";
import { untilDone, untilReady } from "../../../../components/engines/containers/watch.ts";
import { FakeEngine, probed } from "../../helpers/engine.ts";

const START = new Date("2026-01-02T03:04:05Z");
const PIDS = 256;
const MEND = "Mend the cause and run `up` again: it will be tried again.";

let engine: FakeEngine;
let user: AbortController;
beforeEach(() => {
  vi.useFakeTimers({ now: START });
  engine = new FakeEngine();
  user = new AbortController();
});
afterEach(() => {
  vi.useRealTimers();
});

const watch = (timeoutSeconds: number) => ({
  subject: 'Postgres "main"',
  timeoutSeconds,
  mask: (text: string) => text.replaceAll("hunter22", "[secret]"),
  signal: user.signal,
});

/** @returns the end of a promise, with the ms since the start of the test. Fails when it has not ended within the time. */
async function outcome<T>(running: Promise<T>, withinMs: number): Promise<{ value?: T; error?: string; ms: number }> {
  let ended: { value?: T; error?: string; ms: number } | undefined;
  const ms = () => Date.now() - START.getTime();
  running.then(
    (value) => {
      ended = { value, ms: ms() };
    },
    (error: Error) => {
      ended = { error: error.message, ms: ms() };
    },
  );
  await vi.advanceTimersByTimeAsync(withinMs);
  if (!ended) throw new Error(`has not ended within ${withinMs} ms`);
  return ended;
}

const RUNNING: Partial<ContainerState> = { status: "running", startedAt: START, pidsLimit: PIDS };
const starting = (...probes: Probed[]) => ({ status: "starting" as const, probes });
const healthy = (...probes: Probed[]) => ({ status: "healthy" as const, probes });
const unhealthy = (...probes: Probed[]) => ({ status: "unhealthy" as const, probes });

describe("untilReady", () => {
  const ready = (timeoutSeconds = 60) => untilReady(engine, "c1", PIDS, watch(timeoutSeconds));

  test("returns the time from the start to the end of the first good probe", async () => {
    engine
      .container("c1", { ...RUNNING, startedAt: new Date(START.getTime() - 400), health: starting() })
      .in(200, { health: starting(probed(1, "", 100)) })
      .in(500, { health: healthy(probed(1, "", 100), probed(0, "", 300, 150), probed(0, "", 400)) });
    expect(await outcome(ready(), 2_000)).toEqual({ value: 850, ms: 500 });
    expect(engine.acts).toEqual([]);
  });

  test("looks every 100 ms", async () => {
    engine.container("c1", { ...RUNNING, health: starting() }).in(950, { health: healthy(probed(0, "", 900)) });
    await outcome(ready(), 2_000);
    expect(engine.calls.filter(([method]) => method === "inspect")).toHaveLength(11);
  });

  test("passes at once for one that is healthy", async () => {
    engine.container("c1", {
      ...RUNNING,
      startedAt: new Date(START.getTime() - 5_000),
      health: healthy(probed(0, "", -3_000, 50)),
    });
    expect(await outcome(ready(), 0)).toEqual({ value: 2_050, ms: 0 });
  });

  test("does not count a good probe of an earlier run", async () => {
    engine.container("c1", {
      ...RUNNING,
      startedAt: START,
      health: healthy(probed(0, "", -9_000), probed(0, "", 20, 30)),
    });
    expect(await outcome(ready(), 0)).toMatchObject({ value: 50 });
  });

  test("starts one that does not run, and waits for it", async () => {
    engine
      .container("c1", { status: "exited", exitCode: 1, startedAt: new Date(0), pidsLimit: PIDS })
      .onStart((container) => {
        container.in(0, { health: starting() }).in(300, { health: healthy(probed(0, "", 200, 50)) });
      });
    expect(await outcome(ready(), 2_000)).toEqual({ value: 250, ms: 300 });
    expect(engine.acts).toEqual([["start", "c1"]]);
  });

  test("starts one that never ran", async () => {
    engine.container("c1").onStart((container) => container.in(0, { health: healthy(probed(0, "", 0, 10)) }));
    expect(await outcome(ready(), 0)).toEqual({ value: 10, ms: 0 });
    expect(engine.acts).toEqual([
      ["start", "c1"],
      ["limitPids", "c1", PIDS],
    ]);
  });

  test("restarts one that waits for its restart policy's next attempt, without a grace", async () => {
    engine
      .container("c1", { status: "restarting", exitCode: 1, restarts: 4, startedAt: new Date(0), pidsLimit: PIDS })
      .onStart((container) => {
        container.in(200, { health: healthy(probed(0, "", 100, 50)) });
      });
    expect(await outcome(ready(), 2_000)).toEqual({ value: 150, ms: 200 });
    expect(engine.acts).toEqual([["restart", "c1", 0]]);
  });

  test("leaves a paused one alone", async () => {
    engine.container("c1", { ...RUNNING, status: "paused", health: healthy(probed(0, "", 0, 10)) });
    await outcome(ready(), 0);
    expect(engine.acts).toEqual([]);
  });

  test.each<[string, number | undefined, unknown[]]>([
    ["is set where there is none", undefined, [["limitPids", "c1", PIDS]]],
    ["is set where it differs", 64, [["limitPids", "c1", PIDS]]],
    ["is left where it is the same", PIDS, []],
  ])("the limit of processes %s", async (_, pidsLimit, expected) => {
    engine.container("c1", {
      ...RUNNING,
      ...(pidsLimit === undefined ? { pidsLimit: 0 } : { pidsLimit }),
      health: healthy(probed(0)),
    });
    await outcome(ready(), 0);
    expect(engine.acts).toEqual(expected);
  });

  test("one without a probe is ready when its limit is set and it has kept running for a second", async () => {
    engine.container("c1").onStart((container) => container.in(0, {}));
    const it = untilReady(engine, "c1", PIDS, { ...watch(60), unprobed: true });
    expect(await outcome(it, 1_000)).toEqual({ value: 0, ms: 1_000 });
    expect(engine.acts).toEqual([
      ["start", "c1"],
      ["limitPids", "c1", PIDS],
    ]);
  });

  test.each<[string, Partial<ContainerState>, string]>([
    ["ends", { status: "exited", exitCode: 3 }, "stopped with exit code 3"],
    ["is started again and again", { status: "running", restarts: 1 }, "does not stay up: it was started again"],
  ])("one without a probe that %s within a second is not ready", async (_, then, message) => {
    engine.container("c1", RUNNING).writes("no such file").in(400, then);
    const it = untilReady(engine, "c1", PIDS, { ...watch(60), unprobed: true });
    expect(await outcome(it, 1_000)).toEqual({
      error: `Postgres "main" ${message}\nlast log lines:\n  no such file\n${MEND}`,
      ms: 400,
    });
  });

  test("reports the end, not the failure to set its limit, of one that has been started again", async () => {
    const container = engine.container("c1", { ...RUNNING, pidsLimit: 0, health: starting() });
    engine.limitPids = async () => {
      container.in(0, { restarts: 1, startedAt: new Date(START.getTime() + 1) });
      throw new Error("cannot update a stopped container: unknown");
    };
    expect(await outcome(ready(), 5_000)).toMatchObject({
      error: expect.stringMatching(/^Postgres "main" does not stay up: it was started again/),
    });
  });

  test("fails with the engine's message for one that runs on and whose limit cannot be set", async () => {
    engine.container("c1", { ...RUNNING, pidsLimit: 0, health: healthy(probed(0)) });
    engine.failures.set("limitPids", new Error("cgroups: read-only file system"));
    expect(await outcome(ready(), 0)).toMatchObject({ error: "cgroups: read-only file system" });
  });

  describe("fails", () => {
    test("at once when it exits, with its last log lines", async () => {
      const container = engine
        .container("c1", { ...RUNNING, health: starting() })
        .in(250, { status: "exited", exitCode: 3 });
      container.writes("cannot open /data", "exiting");
      expect(await outcome(ready(), 5_000)).toEqual({
        error: `Postgres "main" stopped with exit code 3\nlast log lines:\n  cannot open /data\n  exiting\n${MEND}`,
        ms: 300,
      });
      expect(engine.calls.filter(([method]) => method === "logs")).toEqual([["logs", "c1", 20]]);
    });

    test("also when it exits with 0, because it should run", async () => {
      engine.container("c1", { ...RUNNING, health: starting() }).in(50, { status: "exited", exitCode: 0 });
      expect(await outcome(ready(), 5_000)).toEqual({
        error: `Postgres "main" stopped with exit code 0\nit wrote no log\n${MEND}`,
        ms: 100,
      });
    });

    test("when it runs out of memory", async () => {
      engine
        .container("c1", { ...RUNNING, health: starting() })
        .in(50, { status: "exited", exitCode: 137, outOfMemory: true });
      expect(await outcome(ready(), 5_000)).toEqual({
        error: `Postgres "main" ran out of memory\nit wrote no log\n${MEND}`,
        ms: 100,
      });
    });

    test("when it was started again, and exits again", async () => {
      engine
        .container("c1", { status: "exited", exitCode: 1, pidsLimit: PIDS })
        .onStart((container) => container.in(150, { status: "exited", exitCode: 2 }));
      expect(await outcome(ready(), 5_000)).toEqual({
        error: `Postgres "main" stopped with exit code 2\nit wrote no log\n${MEND}`,
        ms: 200,
      });
    });

    test.each<[string, Partial<ContainerState>, string]>([
      [
        "pauses before its next attempt",
        { status: "restarting", exitCode: 1, restarts: 1 },
        "stopped with exit code 1",
      ],
      [
        "pauses before a later attempt",
        { status: "restarting", exitCode: 1, restarts: 2 },
        "stopped with exit code 1, and again after a restart",
      ],
      ["has started it again", { restarts: 1, exitCode: 0 }, "does not stay up: it was started again"],
      ["has given up", { restarts: 1, status: "exited", exitCode: 2 }, "stopped with exit code 2"],
      [
        "has been killed for memory",
        { status: "restarting", exitCode: 137, outOfMemory: true, restarts: 1 },
        "ran out of memory",
      ],
    ])("when its restart policy is at work: it %s", async (_, patch, expected) => {
      engine.container("c1", { ...RUNNING, health: starting() }).in(150, patch);
      expect(await outcome(ready(), 5_000)).toEqual({
        error: `Postgres "main" ${expected}\nit wrote no log\n${MEND}`,
        ms: 200,
      });
    });

    test("not because of restarts before this wait", async () => {
      engine
        .container("c1", { ...RUNNING, restarts: 3, health: starting() })
        .in(150, { health: healthy(probed(0, "", 100)) });
      expect(await outcome(ready(), 5_000)).toEqual({ value: 150, ms: 200 });
    });

    test("at once when a probe since the wait's beginning finds it unhealthy", async () => {
      engine
        .container("c1", { ...RUNNING, health: starting() })
        .in(950, { health: unhealthy(probed(1, "first", 300), probed(2, "password\n  refused", 900)) })
        .writes("FATAL: password authentication failed");
      expect(await outcome(ready(), 5_000)).toEqual({
        error:
          'Postgres "main" is unhealthy\nlast probe: exit code 2: password refused\n' +
          `last log lines:\n  FATAL: password authentication failed\n${MEND}`,
        ms: 1_000,
      });
    });

    test("not because of a probe before the wait's beginning", async () => {
      const before = probed(1, "old", -500);
      engine
        .container("c1", { ...RUNNING, health: unhealthy(before) })
        .in(450, { health: healthy(before, probed(0, "", 400)) });
      expect(await outcome(ready(), 5_000)).toEqual({ value: 450, ms: 500 });
    });

    test.each([-3_600_000, 3_600_000])("nor when the engine's clock is %d ms from this machine's", async (ms) => {
      const at = (offset: number, exitCode = 1) => probed(exitCode, "", ms + offset);
      const startedAt = new Date(START.getTime() + ms - 60_000);
      engine
        .container("c1", { ...RUNNING, startedAt, health: unhealthy(at(-500)) })
        .in(450, { health: healthy(at(-500), at(400, 0)) });
      expect(await outcome(ready(), 5_000)).toEqual({ value: 60_450, ms: 500 });
      engine
        .container("c1", { ...RUNNING, startedAt, health: unhealthy(at(-500)) })
        .in(450, { health: unhealthy(at(-500), at(400)) });
      expect((await outcome(ready(), 5_000)).error).toMatch(/^Postgres "main" is unhealthy\n/);
    });

    test("at the time-out, with the last probe and the last log lines", async () => {
      engine
        .container("c1", { ...RUNNING, health: starting(probed(1, "first"), probed(7, "no route to host")) })
        .writes("still starting");
      expect(await outcome(ready(2), 5_000)).toEqual({
        error:
          'Postgres "main" did not get ready within 2 s\nlast probe: exit code 7: no route to host\n' +
          `last log lines:\n  still starting\n${MEND}`,
        ms: 2_100,
      });
    });

    test("at the time-out when it has no health check", async () => {
      engine.container("c1", RUNNING);
      expect(await outcome(ready(1), 5_000)).toEqual({
        error: `Postgres "main" did not get ready within 1 s\nit wrote no log\n${MEND}`,
        ms: 1_100,
      });
    });

    test("shows 20 log lines, and no more than 500 characters of a probe", async () => {
      engine
        .container("c1", { ...RUNNING, health: starting(probed(1, "x".repeat(600))) })
        .writes(...Array.from({ length: 30 }, (_, index) => `line ${index + 1}`));
      const { error } = await outcome(ready(1), 5_000);
      const lines = Array.from({ length: 20 }, (_, index) => `  line ${index + 11}`);
      expect(error?.split("\n")).toEqual([
        'Postgres "main" did not get ready within 1 s',
        `last probe: exit code 1: ${"x".repeat(500)}`,
        "last log lines:",
        ...lines,
        MEND,
      ]);
    });

    test("shows no secret, in the probe's output nor in the log", async () => {
      engine
        .container("c1", { ...RUNNING, health: starting(probed(1, "login with hunter22 failed")) })
        .writes("got hunter22");
      const { error } = await outcome(ready(1), 5_000);
      expect(error).toBe(
        'Postgres "main" did not get ready within 1 s\nlast probe: exit code 1: login with [secret] failed\n' +
          `last log lines:\n  got [secret]\n${MEND}`,
      );
    });

    test("shows no part of a secret that is cut off", async () => {
      engine.container("c1", { ...RUNNING, health: starting(probed(1, `${"x".repeat(495)}hunter22`)) });
      const { error } = await outcome(ready(1), 5_000);
      expect(error).not.toContain("hunte");
    });

    test("without the log when the engine does not give it", async () => {
      engine
        .container("c1", { ...RUNNING, health: starting() })
        .in(50, { status: "exited", exitCode: 3 })
        .writes("lost");
      engine.failures.set("logs", new Error("out of order"));
      expect(await outcome(ready(), 5_000)).toMatchObject({
        error: `Postgres "main" stopped with exit code 3\nit wrote no log\n${MEND}`,
      });
    });

    test("when somebody removes it meanwhile", async () => {
      engine.container("c1", { ...RUNNING, health: starting() });
      setTimeout(() => engine.containers.delete("c1"), 150);
      expect(await outcome(ready(), 5_000)).toEqual({
        error: `Postgres "main" is gone: somebody removed its container\nit wrote no log\n${MEND}`,
        ms: 200,
      });
    });

    test("when somebody removed it before", async () => {
      expect(await outcome(ready(), 5_000)).toEqual({
        error: `Postgres "main" is gone: somebody removed its container\nit wrote no log\n${MEND}`,
        ms: 0,
      });
    });

    test("when the engine cannot start it, with the engine's reason", async () => {
      engine.container("c1", { status: "exited" });
      engine.failures.set("start", new Error("port is already allocated"));
      expect(await outcome(ready(), 0)).toEqual({ error: "port is already allocated", ms: 0 });
    });
  });

  test("ends at once when the user interrupts", async () => {
    engine.container("c1", { ...RUNNING, health: starting() });
    setTimeout(() => user.abort(new Error("interrupted")), 130);
    expect(await outcome(ready(), 5_000)).toEqual({ error: "interrupted", ms: 130 });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("untilDone", () => {
  let lines: string[];
  const prepare = vi.fn(async () => {});
  beforeEach(() => {
    lines = [];
    prepare.mockReset();
  });
  const done = (timeoutSeconds = 60) =>
    untilDone(engine, "c1", watch(timeoutSeconds), prepare, (text) => lines.push(text));

  test("starts it, passes on its output as it comes, and passes with exit code 0", async () => {
    engine.container("c1").onStart((container) => {
      setTimeout(() => container.writes("one", "two"), 100);
      setTimeout(() => container.exits(0), 1_000);
    });
    const running = done();
    await vi.advanceTimersByTimeAsync(500);
    expect(lines).toEqual(["one", "two"]);
    expect(await outcome(running, 5_000)).toEqual({ value: undefined, ms: 1_000 });
    expect(engine.acts).toEqual([["start", "c1"]]);
  });

  // It may write before the engine records its start.
  const hourAgo = new Date(START.getTime() - 3_600_000);
  test.each<[string, Partial<ContainerState>, number]>([
    ["since it was made", { createdAt: hourAgo }, 0],
    ["since its last run ended", { status: "exited", exitCode: 1, startedAt: hourAgo, finishedAt: hourAgo }, 1],
  ])("passes on what it wrote %s, by the engine's clock", async (_, state, later) => {
    engine.container("c1", state).onStart((container) => void setTimeout(() => container.exits(0), 100));
    await outcome(done(), 5_000);
    const since = new Date(hourAgo.getTime() + later);
    expect(engine.calls.find(([method]) => method === "follow")).toEqual(["follow", "c1", since]);
  });

  test("prepares it before each start", async () => {
    const container = engine.container("c1");
    container.onStart(() => {
      expect(prepare).toHaveBeenCalledTimes(1);
      container.exits(0);
    });
    await outcome(done(), 3_000);
    expect(prepare).toHaveBeenCalledTimes(1);
  });

  test("does not start it when preparing fails", async () => {
    engine.container("c1");
    prepare.mockRejectedValue(new Error("no space left on device"));
    expect(await outcome(done(), 0)).toEqual({ error: "no space left on device", ms: 0 });
    expect(engine.acts).toEqual([]);
  });

  test("leaves no timer behind, which would hold up the end of `up`", async () => {
    engine.container("c1").onStart((container) => void setTimeout(() => container.exits(0), 1_000));
    const running = done();
    await vi.advanceTimersByTimeAsync(1_000);
    await running;
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each<[string, Partial<ContainerState>]>([
    ["failed", { status: "exited", exitCode: 1, startedAt: new Date(0) }],
    ["was killed", { status: "exited", exitCode: 137, startedAt: new Date(0) }],
    ["died with the engine", { status: "dead", exitCode: 0, startedAt: new Date(0) }],
  ])("runs it again after a run that %s", async (_, state) => {
    engine.container("c1", state).onStart((container) => void setTimeout(() => container.exits(0), 100));
    await outcome(done(), 3_000);
    expect(engine.acts).toEqual([["start", "c1"]]);
  });

  test.each([
    ["this machine's", 0, "00"],
    ["three hours ahead", 3, "03"],
    ["two hours behind", -2, "22"],
  ])("does not run it again after one that succeeded, by a clock that is %s", async (_, hours, there) => {
    engine.aheadMs = hours * 3_600_000;
    const startedAt = new Date(`${hours < 0 ? "2025-12-31" : "2026-01-01"}T${there}:00:00Z`);
    engine.container("c1", { status: "exited", exitCode: 0, startedAt });
    expect(await outcome(done(), 0)).toEqual({ value: undefined, ms: 0 });
    expect(engine.acts).toEqual([]);
    expect(lines).toEqual(["had succeeded in a run of 2026-01-01T00:00:00.000Z"]);
    expect(prepare).not.toHaveBeenCalled();
  });

  test("waits for one that still runs, shows its output from its beginning, and starts no other", async () => {
    const startedAt = new Date(START.getTime() - 60_000);
    const createdAt = new Date(startedAt.getTime() - 1_000);
    const container = engine.container("c1", { status: "running", createdAt, startedAt });
    setTimeout(() => container.writes("last").exits(0), 500);
    expect(await outcome(done(), 3_000)).toEqual({ value: undefined, ms: 500 });
    expect(engine.acts).toEqual([]);
    expect(engine.calls.find(([method]) => method === "follow")).toEqual(["follow", "c1", createdAt]);
    expect(lines).toEqual(["is still running from an earlier up: waiting for it", "last"]);
    expect(prepare).not.toHaveBeenCalled();
  });

  test("fails when one that still runs fails", async () => {
    const container = engine.container("c1", { status: "running", startedAt: START });
    setTimeout(() => container.exits(4), 500);
    expect(await outcome(done(), 3_000)).toMatchObject({
      error: `Postgres "main" failed with exit code 4\nit wrote no log\n${MEND}`,
    });
  });

  test("fails with its exit code and last log lines", async () => {
    engine.container("c1").onStart((container) => {
      container.writes("creating table");
      setTimeout(() => container.writes("ERROR: syntax error").exits(3), 100);
    });
    expect(await outcome(done(), 5_000)).toEqual({
      error: `Postgres "main" failed with exit code 3\nlast log lines:\n  creating table\n  ERROR: syntax error\n${MEND}`,
      ms: 100,
    });
    expect(engine.acts).toEqual([["start", "c1"]]);
  });

  test("reports that it ran out of memory", async () => {
    engine
      .container("c1")
      .onStart((container) => void setTimeout(() => container.exits(137, { outOfMemory: true }), 100));
    expect(await outcome(done(), 5_000)).toMatchObject({
      error: `Postgres "main" ran out of memory\nit wrote no log\n${MEND}`,
    });
  });

  test("ends one that takes too long, and reports it", async () => {
    engine.container("c1").onStart((container) => void container.writes("working"));
    expect(await outcome(done(2), 5_000)).toEqual({
      error: `Postgres "main" was ended: it took longer than 2 s\nlast log lines:\n  working\n${MEND}`,
      ms: 2_000,
    });
    expect(engine.acts).toEqual([
      ["start", "c1"],
      ["kill", "c1"],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("reports that it took too long even when it ends before it can be killed", async () => {
    engine.container("c1").onStart((container) => void container.writes("working"));
    engine.failures.set("kill", new Error("container is not running"));
    expect(await outcome(done(2), 5_000)).toMatchObject({
      error: `Postgres "main" was ended: it took longer than 2 s\nlast log lines:\n  working\n${MEND}`,
    });
  });

  test("hides secrets in its output, and in the log of a failure", async () => {
    engine.container("c1").onStart((container) => {
      setTimeout(() => container.writes("using hunter22").exits(1), 100);
    });
    const { error } = await outcome(done(), 5_000);
    expect(lines).toEqual(["using [secret]"]);
    expect(error).toBe(`Postgres "main" failed with exit code 1\nlast log lines:\n  using [secret]\n${MEND}`);
  });

  test("passes by the exit code when the log cannot be followed", async () => {
    engine.container("c1").onStart((container) => void setTimeout(() => container.exits(0), 100));
    engine.failures.set("follow", new Error("broken pipe"));
    expect(await outcome(done(), 5_000)).toEqual({ value: undefined, ms: 100 });
  });

  test("waits no longer than 2 s for the end of a log that does not end", async () => {
    engine.container("c1").onStart((container) => void setTimeout(() => container.exits(0), 100));
    engine.follow = (_id, _since, _line, signal) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    expect(await outcome(done(), 5_000)).toEqual({ value: undefined, ms: 2_100 });
  });

  test("fails when somebody has removed its container", async () => {
    expect(await outcome(done(), 0)).toEqual({
      error: 'Postgres "main" is gone: somebody removed its container. Run `make dev`, or `pulumi up --refresh`.',
      ms: 0,
    });
  });

  test.each(["start", "wait"])("fails with the engine's reason when it cannot %s", async (method) => {
    engine.container("c1");
    engine.failures.set(method, new Error("out of order"));
    expect(await outcome(done(), 0)).toEqual({ error: "out of order", ms: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });

  test("ends at once when the user interrupts, and leaves it to the next `up`", async () => {
    engine.container("c1");
    setTimeout(() => user.abort(new Error("interrupted")), 130);
    expect(await outcome(done(), 5_000)).toEqual({ error: "interrupted", ms: 130 });
    expect(engine.acts).toEqual([["start", "c1"]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("starts nothing when the user has interrupted already", async () => {
    engine.container("c1");
    user.abort(new Error("interrupted"));
    expect(await outcome(done(5), 0)).toEqual({ error: "interrupted", ms: 0 });
    expect(engine.acts).toEqual([]);
  });
});
