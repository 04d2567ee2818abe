import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { note, notesOf } from "../../../../components/core/support/timings.ts";
import type { ContainerState } from "../../../../components/engines/containers/api.ts";
import { Clock } from "../../../../components/engines/containers/clock.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-timings-"));
  file = join(folder, "timings");
  vi.stubEnv("STACKYARD_TIMINGS", file);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const noted = () =>
  readFileSync(file, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));

test("one line of JSON each, in the file that is named, for its owner only", () => {
  note({ service: "postgres", tookMs: 850 });
  note({ service: "api", tookMs: 1_200 });
  expect(readFileSync(file, "utf8")).toBe('{"service":"postgres","tookMs":850}\n{"service":"api","tookMs":1200}\n');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("nothing when no file is named", () => {
  vi.stubEnv("STACKYARD_TIMINGS", "");
  note({ service: "postgres", tookMs: 850 });
  expect(existsSync(file)).toBe(false);
});

test.each([
  ["this machine's", 0],
  ["an hour ahead", 3_600_000],
  ["an hour behind", -3_600_000],
])("what the engine says, whose clock is %s, is noted when it says something else", (_, aheadMs) => {
  const createdAt = new Date(1_000 + aheadMs);
  const startedAt = new Date(2_000 + aheadMs);
  const state = (more: Partial<ContainerState>) => ({ createdAt, ...more }) as ContainerState;
  const saw = notesOf("db", new Clock(aheadMs));
  saw(state({}));
  saw(state({}));
  saw(state({ startedAt, health: { status: "starting", probes: [] } }));
  saw(state({ startedAt, health: { status: "starting", probes: [{} as never] } }));
  saw(state({ startedAt, health: { status: "healthy", probes: [] } }));
  expect(noted()).toEqual([
    { service: "db", createdAt: 1_000 },
    { service: "db", createdAt: 1_000, startedAt: 2_000, health: "starting" },
    { service: "db", createdAt: 1_000, startedAt: 2_000, health: "healthy" },
  ]);
});
