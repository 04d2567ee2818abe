import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { note, notesOf } from "../../../../components/core/support/timings.ts";

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

test("notes are lines of JSON in the named file, which only its owner can read", () => {
  note({ service: "postgres", tookMs: 850 });
  note({ service: "api", tookMs: 1_200 });
  expect(readFileSync(file, "utf8")).toBe('{"service":"postgres","tookMs":850}\n{"service":"api","tookMs":1200}\n');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("nothing is noted when no file is named", () => {
  vi.stubEnv("STACKYARD_TIMINGS", "");
  note({ service: "postgres", tookMs: 850 });
  expect(existsSync(file)).toBe(false);
});

test("the state of a service is noted when it changes", () => {
  const saw = notesOf("db");
  saw({ createdAt: 1_000 });
  saw({ createdAt: 1_000 });
  saw({ createdAt: 1_000, startedAt: 2_000, health: "starting" });
  saw({ createdAt: 1_000, startedAt: 2_000, health: "starting" });
  saw({ createdAt: 1_000, startedAt: 2_000, health: "healthy" });
  expect(noted()).toEqual([
    { service: "db", createdAt: 1_000 },
    { service: "db", createdAt: 1_000, startedAt: 2_000, health: "starting" },
    { service: "db", createdAt: 1_000, startedAt: 2_000, health: "healthy" },
  ]);
});
