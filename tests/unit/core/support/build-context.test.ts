import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { contextHash } from "../../../../components/core/support/build-context.ts";

let folder: string;
const at = (path: string) => join(folder, path);
const rules = (...lines: string[]) => writeFileSync(at(".dockerignore"), lines.join("\n"));
const hash = (...hidden: string[]) => contextHash(folder, ["extra"], hidden);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-context-"));
  mkdirSync(at("src/deep"), { recursive: true });
  mkdirSync(at("docs"));
  for (const file of ["Dockerfile", "a.txt", "src/one.ts", "src/deep/two.ts", "docs/a.md"])
    writeFileSync(at(file), file);
  symlinkSync("a.txt", at("link"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const linked = (target?: string) => () => {
  rmSync(at("link"));
  if (target) symlinkSync(target, at("link"));
  else writeFileSync(at("link"), "a.txt");
};
const edit = (path: string) => () => writeFileSync(at(path), "edited");

test.each<[string, string[], () => void]>([
  ["the Dockerfile, which the rules leave out", ["*"], edit("Dockerfile")],
  ["the Dockerfile, which the rules name", ["Dockerfile"], edit("Dockerfile")],
  ["the rules, which leave out their own file", ["*"], () => rules("*", "#")],
  ["new rules that take precedence", ["*"], edit("Dockerfile.dockerignore")],
  ["a file that a pattern takes in again", ["*", "!src/**"], edit("src/deep/two.ts")],
  ["a file in a folder that is taken in again", ["*", "!src"], edit("src/one.ts")],
  ["a file that is taken in again", ["*", "!src/deep/two.ts"], edit("src/deep/two.ts")],
  ["a file that is taken in again by its ending", ["**", "!**/*.md"], edit("docs/a.md")],
  ["an added file", [], edit("more")],
  ["an added empty folder", [], () => mkdirSync(at("empty"))],
  ["a file's executable bit", [], () => chmodSync(at("a.txt"), 0o755)],
  ["who may read a file", [], () => chmodSync(at("a.txt"), 0o600)],
  ["who may enter a folder", [], () => chmodSync(at("src"), 0o700)],
  ["a link's target", [], linked("src")],
  ["a link that becomes a file", [], linked()],
  [
    "a name that is not UTF-8",
    [],
    () => writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff])]), ""),
  ],
])("changes with %s", (_, lines, change) => {
  rules(...lines);
  const before = hash();
  expect(before).toMatch(/^[0-9a-f]{12}$/);
  change();
  expect(hash()).not.toBe(before);
});

test.each<[string, string[], () => void]>([
  ["a file that the rules leave out", ["*", "!src/**"], edit("a.txt")],
  ["a file that they leave out again", ["*", "!src", "**/*.ts"], edit("src/one.ts")],
  ["an added file that they leave out", ["*.log", "node_modules"], edit("x.log")],
  [
    "an added folder that they leave out",
    ["*.log", "node_modules"],
    () => mkdirSync(at("node_modules/p"), { recursive: true }),
  ],
  ["times", [], () => utimesSync(at("a.txt"), 1, 1)],
])("does not change with %s", (_, lines, change) => {
  rules(...lines);
  const before = hash();
  change();
  expect(hash()).toBe(before);
});

test("two files differ from one file with the content of both", () => {
  writeFileSync(at("x"), 'ab["y","file",420,"');
  const before = hash();
  writeFileSync(at("x"), "a");
  writeFileSync(at("y"), "b");
  expect(hash()).not.toBe(before);
});

test("hidden files and folders do not count", () => {
  const before = hash("src", "é");
  edit("src/deep/two.ts")();
  mkdirSync(at("é"));
  expect(hash("src", "é")).toBe(before);
  edit("a.txt")();
  expect(hash("src", "é")).not.toBe(before);
});

test("further content counts, in its order", () => {
  const all = [[], ["x", "y"], ["y", "x"], ["xy"]].map((extra) => contextHash(folder, extra));
  expect(new Set(all).size).toBe(4);
});

test("rules that a build would refuse are refused, with the file and the pattern", () => {
  rules("a", "[b");
  expect(hash).toThrow(
    new Error(`${at(".dockerignore")}: "[b" is no pattern that a build takes as it is written: a [ is not closed`),
  );
});
