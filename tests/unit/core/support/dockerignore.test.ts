import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { contextOf } from "../../../../components/core/support/build-context.ts";
import { IgnoreRules } from "../../../../components/core/support/dockerignore.ts";
import { written } from "../../helpers/contexts.ts";

// What BuildKit of Docker 26.1.5 took from one folder by many rules: first the folder, then a line for each `.dockerignore`.
// tests/e2e/build-context.test.ts asks BuildKit itself, with random folders and rules.
type Recorded = [rules: string, what: "takes" | "leaves out", paths: string[]];
const [first = "", ...lines] = readFileSync(join(import.meta.dirname, "dockerignore.recorded.jsonl"), "utf8")
  .trimEnd()
  .split("\n");
const tree = JSON.parse(first) as string[];
const RECORDED = lines.map((line) => JSON.parse(line) as Recorded);

const WHOLE = [...tree, "Dockerfile", ".dockerignore"];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-dockerignore-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const END = { folder: "/", link: "@", file: "", other: "" };
const taken = (rules: string) =>
  contextOf(written(folder, { tree, rules })).map(
    ({ path, kind }) => `${Buffer.from(path, "latin1").toString()}${END[kind]}`,
  );

describe("takes the same files as BuildKit", () => {
  test.each(RECORDED.map(([rules, ...rest]) => [JSON.stringify(rules), rules, ...rest] as const))(
    "by %s",
    (_, rules, what, paths) => {
      const expected = what === "takes" ? paths : WHOLE.filter((path) => !paths.includes(path));
      expect(taken(rules).sort()).toEqual(expected.sort());
    },
  );
});

test.each([
  ["!", "it names nothing"],
  ["!/", "it names nothing"],
  ["a\\", "there is nothing after \\"],
  ["[", "a [ is not closed"],
  ["a/[b", "a [ is not closed"],
  ["[]a]", "a ] stands alone in [ ]"],
  ["[-a]", "a - stands alone in [ ]"],
  ["[a-]", "a ] stands alone in [ ]"],
  ["[\\", "there is nothing after \\"],
])("%s is refused, as by BuildKit", (rule, why) => {
  const message = `"${rule === "!/" ? "!" : rule}" is no pattern that a build takes as it is written: ${why}`;
  expect(() => new IgnoreRules(`x\n${rule}`)).toThrow(new Error(message));
});

test.each([
  ["[z-a]", "Range out of order"],
  ["\\y", "\\y stands for something else than y"],
  ["\\b", "\\b stands for something else than b"],
  ["[[:alpha:]]", "[: begins a class of characters"],
])("%s is refused only when a path is compared with it", (rule, why) => {
  const rules = new IgnoreRules(`x\n${rule}`);
  expect(rules.match("x").ignored).toBe(true);
  expect(() => rules.match("y")).toThrow(why);
});

test("a folder is not read where nothing below it can be taken", () => {
  const into = (rules: string) => ["src", "src/a", "lib"].filter((path) => new IgnoreRules(rules).looksInto(path));
  expect(into("*")).toEqual([]);
  expect(into("*\n!src/a/b")).toEqual(["src", "src/a"]);
  expect(into("*\n!src/*.ts")).toEqual(["src", "src/a"]);
  expect(into("*\n!**/*.ts")).toEqual(["src", "src/a", "lib"]);
});
