import { expect, test } from "vitest";
import { anchor } from "../helpers/markdown.ts";
import { FAULTS, FOR_COMPONENTS, HEADINGS, PUBLIC, REFERENCE } from "./reference.ts";

test("docs/reference.md is what the sources say: `npx vitest run --project unit tests/unit/docs/reference.test.ts -u` rewrites it", async () => {
  await expect(REFERENCE).toMatchFileSnapshot("../../../docs/reference.md");
});

test("all that is on it has a docstring, with the default that the schema has", () => expect([...FAULTS]).toEqual([]));

test("every export is on it", () => {
  const names = [...PUBLIC.keys(), ...FOR_COMPONENTS.keys()];
  expect(names.length).toBeGreaterThan(70);
  expect(names.filter((name) => !new RegExp(`(### |\`(new )?)${name}\\b`).test(REFERENCE))).toEqual([]);
});

test("every link on it leads to one heading", () => {
  const anchors = HEADINGS.map(anchor);
  const links = [...REFERENCE.matchAll(/\]\((#[^)]+)\)/g)].map(([, to = ""]) => to);
  expect(new Set(anchors).size).toBe(anchors.length);
  expect(links.filter((to) => !anchors.includes(to))).toEqual([]);
});
