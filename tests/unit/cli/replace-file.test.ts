import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { replaceFile } from "../../../cli/shared/replace-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-replace-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

test("takes the place of what was there, for its owner only, whoever could read that or an earlier try", () => {
  const file = join(folder, "urls");
  replaceFile(file, "first\n");
  writeFileSync(`${file}.${process.pid}`, "left by an earlier run", { mode: 0o644 });
  replaceFile(file, "second\n");
  expect(readFileSync(file, "utf8")).toBe("second\n");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(["urls"]);
});

test("what cannot be written leaves nothing behind", () => {
  mkdirSync(join(folder, "taken/by"), { recursive: true });
  expect(() => replaceFile(join(folder, "taken"), "secret\n")).toThrow();
  expect(readdirSync(folder)).toEqual(["taken"]);
});
