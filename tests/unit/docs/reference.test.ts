import { expect, test } from "vitest";
import { anchor } from "../helpers/markdown.ts";
import { HEADINGS, REFERENCE } from "./reference.ts";
import { FAULTS, FOR_COMPONENTS, PUBLIC } from "./reference-entries.ts";

test("docs/reference.md is what the sources say: `npx vitest run --project unit tests/unit/docs/reference.test.ts -u` rewrites it", async () => {
  await expect(REFERENCE).toMatchFileSnapshot("../../../docs/reference.md");
});

test("all that is on it has a docstring, with the default that the schema has", () => expect([...FAULTS]).toEqual([]));

test("every export is on it", () => {
  const [forPrograms = "", forComponents = ""] = REFERENCE.split("\n## For components of your own\n");
  const missing = (names: Iterable<string>, text: string) =>
    [...names].filter((name) => !new RegExp(`^(### |Options \\(\`|- \`(new )?)${name}\\b`, "m").test(text));
  expect(PUBLIC.size).toBeGreaterThan(30);
  expect(FOR_COMPONENTS.size).toBeGreaterThan(40);
  expect(missing(PUBLIC.keys(), forPrograms)).toEqual([]);
  expect(missing(FOR_COMPONENTS.keys(), forComponents)).toEqual([]);
});

test("every link on it leads to one heading", () => {
  const anchors = HEADINGS.map(anchor);
  const links = [...REFERENCE.matchAll(/\]\((#[^)]+)\)/g)].map(([, to = ""]) => to);
  expect(new Set(anchors).size).toBe(anchors.length);
  expect(links.filter((to) => !anchors.includes(to))).toEqual([]);
});
