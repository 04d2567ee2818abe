import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PROJECT } from "../../../cli/shared/stack.ts";
import { readTimeline, type Timeline, writeTimeline } from "../../../cli/shared/timeline.ts";

const RUN: Timeline = {
  stack: "alice",
  began: "2026-01-02T03:04:05.000Z",
  tookMs: 1_500,
  steps: [
    { name: "db", kind: "service", waitsFor: [], createdMs: 100, startedMs: 150, answeredMs: 400, finishedMs: 420 },
  ],
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-timeline why? 100% c#-"));
  vi.stubEnv("PULUMI_BACKEND_URL", pathToFileURL(folder).href);
  mkdirSync(join(folder, ".pulumi"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("is kept beside the state, for its owner only, and replaced by the next one", () => {
  expect(readTimeline("alice")).toBe(undefined);
  writeTimeline(RUN);
  writeTimeline({ ...RUN, tookMs: 99 });
  expect(readTimeline("alice")).toEqual({ ...RUN, tookMs: 99 });
  expect(readTimeline("bob")).toBe(undefined);
  expect(readdirSync(join(folder, "timelines", PROJECT))).toEqual(["alice.json"]);
  expect(statSync(join(folder, "timelines", PROJECT, "alice.json")).mode & 0o777).toBe(0o600);
});

test("a run in which nothing was started leaves the last one", () => {
  writeTimeline(RUN);
  writeTimeline({ ...RUN, steps: [{ name: "db", kind: "service", waitsFor: [] }] });
  expect(readTimeline("alice")).toEqual(RUN);
});

test("is not kept where the state is not in a folder", () => {
  vi.stubEnv("PULUMI_BACKEND_URL", "s3://bucket");
  writeTimeline(RUN);
  expect(readTimeline("alice")).toBe(undefined);
  expect(existsSync(join(folder, "timelines"))).toBe(false);
});
