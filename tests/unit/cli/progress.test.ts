import type { automation } from "@pulumi/pulumi";
import { expect, test, vi } from "vitest";
import { Progress, type Row } from "../../../cli/up/progress.ts";
import { frameOf, lines, live } from "../../../cli/up/views.ts";
import type { Note } from "../../../components/core/support/timings.ts";

// What an `up` shows and keeps of its run, from events as pulumi 3.255 writes them and notes as the program does.

const BEGAN = 1_000_000;
const STACK = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev";
const TYPES: Record<string, string> = {
  Container: "docker:index/container:Container",
  Network: "docker:index/network:Network",
  Stash: "pulumi:index:Stash",
};

const component = (name: string) => `urn:pulumi:dev::shop::stackyard:databases:Thing::${name}`;
const urnOf = (kind: string, name: string) => `urn:pulumi:dev::shop::stackyard:databases:Thing$${TYPES[kind]}::${name}`;

/** `pre create Container db` of component `db`, or of another one: `post same Stash db-ready of db`. */
function step(text: string): automation.EngineEvent {
  const [stage, op, kind = "", name = "", , of = name.replace(/-(ready|done)$/, "")] = text.split(" ");
  const state = { parent: component(of) };
  const gone = op?.startsWith("delete");
  const metadata = { op, urn: urnOf(kind, name), type: TYPES[kind], ...(gone ? { old: state } : { new: state }) };
  const key = { pre: "resourcePreEvent", post: "resOutputsEvent", failed: "resOpFailedEvent" }[stage ?? ""] ?? "";
  return { [key]: { metadata } } as unknown as automation.EngineEvent;
}

function run() {
  const rows = new Map<string, Row>();
  let text = "";
  const view = lines({ write: (more: string) => (text += more) } as unknown as NodeJS.WritableStream);
  const progress = new Progress(rows, view, BEGAN);
  let at = BEGAN;
  return {
    rows,
    progress,
    note: (fact: Note) => progress.note(fact, at),
    /** Each a tenth of a second after the one before. */
    steps: (...all: string[]) => {
      for (const each of all) {
        at += 100;
        progress.event(step(each), at);
      }
    },
    diagnostic: (severity: string, message: string, urn?: string) =>
      progress.event({ diagnosticEvent: { severity, message, color: "never", urn } } as automation.EngineEvent, at),
    /** What was written since this was asked last. */
    said: () => {
      const all = text.split("\n").slice(0, -1);
      text = "";
      return all;
    },
  };
}

/** A database, a job that sets it up, and an app that refers to both. */
function declared() {
  const up = run();
  up.note({ service: "db", kind: "service", waitsFor: [] });
  up.note({ service: "setup", kind: "job", waitsFor: ["db"] });
  up.note({ service: "app", kind: "service", waitsFor: ["db", "setup"] });
  return up;
}

const CREATED = ["pre create Container db", "post create Container db", "pre create Stash db-ready"];
const READY = [...CREATED, "post create Stash db-ready"];

test("a first run: each phase once, and the times of each step for its timeline", () => {
  const up = declared();
  expect(up.said()).toEqual([]);
  up.steps("pre create Network db", "pre create Container setup", "post create Container setup", ...CREATED);
  expect(up.said()).toEqual(["db: creating", "setup: waiting for db", "app: waiting for db, setup", "db: starting"]);
  up.note({ service: "db", createdAt: BEGAN + 410, startedAt: BEGAN + 450, health: "starting" });
  up.note({ service: "db", createdAt: BEGAN + 410, startedAt: BEGAN + 450, health: "healthy" });
  up.note({ service: "db", tookMs: 200 });
  up.steps("post create Stash db-ready", "pre create Stash setup-done");
  up.note({ service: "setup", createdAt: BEGAN + 300, startedAt: BEGAN + 850 });
  up.diagnostic("info", "CREATE TABLE\n", component("setup"));
  up.note({ service: "setup", tookMs: 1_234 });
  up.steps("post create Stash setup-done", "pre create Container app", "post create Container app");
  expect(up.said()).toEqual([
    "db: ready after 0.2 s",
    "setup: creating",
    "setup: running",
    "setup | CREATE TABLE",
    "setup: done after 1.2 s",
    "app: creating",
  ]);
  expect(up.progress.steps(BEGAN + 2_000)).toEqual([
    {
      name: "db",
      kind: "service",
      waitsFor: [],
      createdMs: 410,
      startedMs: 450,
      answeredMs: 650,
      finishedMs: 700,
    },
    { name: "setup", kind: "job", waitsFor: ["db"], createdMs: 300, startedMs: 850, finishedMs: 900 },
    { name: "app", kind: "service", waitsFor: ["db", "setup"] },
  ]);
});

test("a service in several containers: from the first that was started in this run to the last that is ready", () => {
  const up = declared();
  const db = { service: "db" };
  up.steps(...CREATED);
  up.note({ ...db, replica: "db", createdAt: BEGAN - 900, startedAt: BEGAN - 800, health: "healthy" });
  up.note({ ...db, replica: "db", tookMs: 100 });
  up.note({ ...db, replica: "db.3", createdAt: BEGAN + 250, startedAt: BEGAN + 300 });
  up.note({ ...db, replica: "db.2", createdAt: BEGAN + 200, startedAt: BEGAN + 400 });
  up.note({ ...db, replica: "db.3", tookMs: 300 });
  up.note({ ...db, replica: "db.2", tookMs: 50 });
  up.steps("post create Stash db-ready");
  expect(up.said()).toContain("db: ready after 0.3 s");
  expect(up.progress.steps(BEGAN + 2_000)[0]).toMatchObject({ createdMs: 200, startedMs: 300, answeredMs: 600 });
  expect(["db", "db.2", "db.3"].map((each) => up.progress.tookMs("db", each))).toEqual([undefined, 50, 300]);
});

test("an image that is pulled: how far it is, every five seconds, and no step of the timeline", () => {
  vi.useFakeTimers({ toFake: ["Date"], now: BEGAN });
  const up = declared();
  const redis = { service: "redis:8" };
  up.note({ ...redis, kind: "image", phase: "pulling" });
  for (let second = 0; second < 12; second++) {
    up.note({ ...redis, detail: `${second} of 40 MB, 0 of 5 layers` });
    vi.advanceTimersByTime(1_000);
  }
  expect(frameOf([...up.rows.values()], 80, 24, BEGAN + 12_000).find((line) => line.startsWith("redis:8"))).toMatch(
    /^redis:8 +pulling 11 of 40 MB, 0 of 5 layers +- +12 s/,
  );
  up.note({ ...redis, phase: "done", tookMs: 12_000 });
  expect(up.said()).toEqual([
    "redis:8: pulling",
    "redis:8: pulling 5 of 40 MB, 0 of 5 layers",
    "redis:8: pulling 10 of 40 MB, 0 of 5 layers",
    "redis:8: done after 12.0 s",
  ]);
  expect(up.progress.steps(BEGAN + 12_000).map(({ name }) => name)).toEqual(["db", "setup", "app"]);
  vi.useRealTimers();
});

test("nothing to do: each is unchanged, and none is shown as waiting", () => {
  const up = declared();
  up.steps("pre same Container db", "pre same Stash db-ready", "post same Stash db-ready");
  up.steps("post same Stash setup-done", "post same Stash app-ready");
  up.progress.event({ summaryEvent: { resourceChanges: { same: 31 } } } as unknown as automation.EngineEvent);
  expect(up.said()).toEqual(["db: unchanged", "setup: unchanged", "app: unchanged"]);
  expect(up.progress.summary).toBe("31 unchanged");
  expect(up.progress.steps(BEGAN + 900).filter((each) => Object.keys(each).length > 3)).toEqual([]);
});

test("replaced, changed in place, and removed from the program", () => {
  const up = declared();
  up.steps(
    "pre delete-replaced Stash db-ready",
    "pre delete-replaced Container db",
    "post delete-replaced Container db",
  );
  up.steps("pre replace Container db", "pre create-replacement Container db", "pre create-replacement Stash db-ready");
  up.steps("post create-replacement Stash db-ready", "pre create Container setup", "post same Stash setup-done");
  up.steps("pre update Container app", "post same Stash app-ready");
  up.steps("pre delete-replaced Container app", "pre delete Stash old-ready", "pre delete Container old");
  up.steps("post delete Container old");
  expect(up.said()).toEqual([
    "db: stopping",
    "setup: waiting for db",
    "app: waiting for db, setup",
    "db: creating",
    "db: starting",
    "db: ready",
    "setup: creating",
    "setup: unchanged",
    "app: updating",
    "app: ready",
    "old: stopping",
    "old: removed",
  ]);
  expect(up.progress.steps(BEGAN + 9_000).map(({ name }) => name)).toEqual(["db", "setup", "app"]);
});

test("what fails once somebody has ended the run has not failed by itself", () => {
  const up = declared();
  up.steps("pre create Container db", "post create Container db", "pre create Stash db-ready");
  up.progress.interrupted = true;
  up.said();
  up.steps("failed create Stash db-ready");
  expect(up.said()).toEqual(["db: interrupted"]);
});

test("a failure: the message as it is, what failed, and what still waits, without pulumi's closing message", () => {
  const up = declared();
  up.steps(...CREATED);
  up.note({ service: "db", startedAt: BEGAN + 250, health: "starting" });
  up.said();
  const story = 'Postgres "db" stopped with exit code 1\nlast log lines:\n  no space left';
  up.diagnostic("error", `before hook "db-ready" failed: ${story}\n`, urnOf("Stash", "db-ready"));
  up.steps("failed create Stash db-ready");
  up.diagnostic("error", "update failed\n");
  expect(up.said()).toEqual([...`error: ${story}`.split("\n"), "db: failed"]);
  expect([...up.rows.values()].map(({ service, phase }) => `${service} ${phase}`)).toEqual([
    "db failed",
    "setup waiting",
    "app waiting",
  ]);
  expect(up.progress.steps(BEGAN + 900)[0]).toEqual({ name: "db", kind: "service", waitsFor: [], startedMs: 250 });
});

test.each([
  ["error", "update canceled\n", undefined, "error: update canceled"],
  ["error", "stack dev has bad settings\n", undefined, "error: stack dev has bad settings"],
  ["error", "no such image\n", urnOf("Container", "db"), "error: db: no such image"],
  [
    "error",
    'Preview failed: before hook "a:image-probe" failed: Container "a": no\n',
    undefined,
    'error: Container "a": no',
  ],
  ["warning", "it is old\n", undefined, "warning: it is old"],
  ["info", "hello\n", STACK, "hello"],
  ["info#err", "oops\n", undefined, "oops"],
])("a message, as %s: %j", (severity, message, urn, shown) => {
  const up = declared();
  up.diagnostic(severity, message, urn);
  expect(up.said()).toEqual([shown]);
});

test("a service that was started earlier does not show how long it took", () => {
  const up = declared();
  up.steps(...CREATED);
  up.note({ service: "db", startedAt: BEGAN - 60_000, health: "healthy" });
  up.note({ service: "db", tookMs: 59_000 });
  up.steps("post create Stash db-ready");
  expect(up.said()).toContain("db: ready");
  expect(up.progress.steps(BEGAN + 900)[0]).toEqual({ name: "db", kind: "service", waitsFor: [], finishedMs: 400 });
});

test("the table is cut to the terminal: rows that are done are left out first", () => {
  const up = declared();
  up.steps(...READY, "pre create Stash setup-done");
  const all = [...up.rows.values()];
  const now = BEGAN + 3_900;
  expect(frameOf(all, 80, 24, now)).toEqual([
    "",
    "SERVICE  PHASE              HEALTH  ELAPSED",
    "db       ready              -       -",
    "setup    running            -       3 s",
    "app      waiting for setup  -       -",
  ]);
  expect(frameOf(all, 20, 5, now)).toEqual([
    "",
    "SERVICE  PHASE     ",
    "setup    running   ",
    "app      waiting fo",
    "and 1 more",
  ]);
  expect(frameOf([], 80, 24, now)).toEqual([]);
});

test("on a terminal, what comes at once is drawn at once, and goes above the table", () => {
  vi.useFakeTimers({ now: BEGAN });
  const written: string[] = [];
  const out = { columns: 80, rows: 24, write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream;
  const rows = new Map<string, Row>();
  const view = live(out, rows);
  const progress = new Progress(rows, view, BEGAN);
  progress.note({ service: "db", kind: "service", waitsFor: [] });
  for (const each of CREATED) progress.event(step(each));
  for (let count = 1; count <= 50; count++) view.wrote(`line ${count}`);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(100);
  expect(written).toHaveLength(1);
  expect(written[0]).toMatch(/^line 1\n[\s\S]*line 50\n\nSERVICE .*\ndb .*starting .*\n$/);
  // Nothing happens but that time goes by.
  vi.advanceTimersByTime(2_950);
  expect(written.slice(1).map((frame) => /starting.* (\d s)\n$/.exec(frame)?.[1])).toEqual(["1 s", "2 s"]);
  expect(written[1]).toMatch("\x1b[3A\r\x1b[J");
  view.end(false);
  expect(written.at(-1)).toBe("\x1b[3A\r\x1b[J");
  vi.advanceTimersByTime(10_000);
  expect(written).toHaveLength(5);
  vi.useRealTimers();
});
