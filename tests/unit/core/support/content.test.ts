import { createHash } from "node:crypto";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { contentHash, filesBelow } from "../../../../components/core/support/content.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-content-"));
  mkdirSync(join(folder, "b/inner"), { recursive: true });
  writeFileSync(join(folder, "a.txt"), "one");
  writeFileSync(join(folder, "b/inner/c.txt"), "two");
});
const link = (target: string) => {
  rmSync(join(folder, "link"), { force: true });
  symlinkSync(target, join(folder, "link"));
};
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("contentHash", () => {
  test("is the start of a SHA-256 over path, executable bit, bytes and further content", () => {
    chmodSync(join(folder, "a.txt"), 0o755);
    const whole = createHash("sha256").update('["a.txt",true]one["b/inner/c.txt",false]two["x"]').digest("hex");
    expect(contentHash(folder, ["x"])).toBe(whole.slice(0, 12));
  });

  test("does not change with times, other permissions, or the folder's own path", () => {
    const before = contentHash(folder);
    utimesSync(join(folder, "a.txt"), 1, 1);
    chmodSync(join(folder, "a.txt"), 0o640);
    const elsewhere = `${folder}-copy`;
    cpSync(folder, elsewhere, { recursive: true });
    const after = [contentHash(folder), contentHash(elsewhere)];
    rmSync(elsewhere, { recursive: true });
    expect(after).toEqual([before, before]);
  });

  test.each<[string, () => void]>([
    ["a file's bytes", () => writeFileSync(join(folder, "a.txt"), "ONE")],
    ["a file's executable bit", () => chmodSync(join(folder, "a.txt"), 0o755)],
    ["a file's name", () => cpSync(join(folder, "a.txt"), join(folder, "b.txt"))],
    ["a file in a subfolder", () => writeFileSync(join(folder, "b/inner/c.txt"), "TWO")],
    ["a link's target", () => link("b/inner/c.txt")],
    ["a link to nothing", () => link("none")],
    ["a removed file", () => rmSync(join(folder, "a.txt"))],
  ])("changes with %s", (_, change) => {
    link("a.txt");
    const before = contentHash(folder);
    change();
    expect(contentHash(folder)).not.toBe(before);
  });

  test("changes with further content, and its order", () => {
    const all = [
      contentHash(folder),
      contentHash(folder, ["x", "y"]),
      contentHash(folder, ["y", "x"]),
      contentHash(folder, ["xy"]),
    ];
    expect(new Set(all).size).toBe(4);
  });
});

describe("filesBelow", () => {
  test("lists paths with /, sorted by code point", () => {
    for (const name of ["B.txt", "_.txt", "é.txt", "b-.txt"]) writeFileSync(join(folder, name), "");
    expect(filesBelow(folder)).toEqual(["B.txt", "_.txt", "a.txt", "b-.txt", "b/inner/c.txt", "é.txt"]);
  });

  test("is empty for an empty folder", () => {
    mkdirSync(join(folder, "empty"));
    expect(filesBelow(join(folder, "empty"))).toEqual([]);
  });

  test("fails for a folder that does not exist", () => {
    expect(() => filesBelow(join(folder, "none"))).toThrow("ENOENT");
  });

  test("lists links too, because a build sends them", () => {
    symlinkSync("a.txt", join(folder, "link.txt"));
    expect(filesBelow(folder)).toEqual(["a.txt", "b/inner/c.txt", "link.txt"]);
  });
});
