import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { noteTook } from "../../../components/core/timings.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-timings-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("one line of JSON each, in the file that is named", () => {
  const file = join(folder, "timings");
  vi.stubEnv("STACKYARD_TIMINGS", file);
  noteTook("postgres", 850);
  noteTook("api", 1_200);
  expect(readFileSync(file, "utf8")).toBe('{"service":"postgres","tookMs":850}\n{"service":"api","tookMs":1200}\n');
});

test("nothing when no file is named", () => {
  vi.stubEnv("STACKYARD_TIMINGS", "");
  noteTook("postgres", 850);
  expect(existsSync("")).toBe(false);
});
