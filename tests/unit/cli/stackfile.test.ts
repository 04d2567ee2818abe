import { expect, test } from "vitest";
import { merged, overlaid, type StackFile } from "../../../cli/stackfile.ts";

const file = (config: Record<string, unknown>, more: StackFile = {}): StackFile => ({ ...more, config });

test.each<[string, StackFile, StackFile, StackFile, StackFile]>([
  ["a first copy is what is tracked", file({ a: 1 }), {}, {}, file({ a: 1 })],
  ["the salt stays", file({ a: 1 }), {}, file({}, { encryptionsalt: "s" }), file({ a: 1 }, { encryptionsalt: "s" })],
  ["what was set here stays", file({ a: 1 }), file({ a: 1 }), file({ a: 2, b: 3 }), file({ a: 2, b: 3 })],
  ["what changed in the tracked file comes in", file({ a: 2 }), file({ a: 1 }), file({ a: 1 }), file({ a: 2 })],
  ["what went from the tracked file goes", file({}), file({ a: 1 }), file({ a: 1 }), file({})],
  [
    "set here and changed there: what was set here counts",
    file({ a: 3 }),
    file({ a: 1 }),
    file({ a: 2 }),
    file({ a: 2 }),
  ],
  [
    "equal values are equal, however they are nested",
    file({ a: { b: [2] } }),
    file({ a: { b: [1] } }),
    file({ a: { b: [1] } }),
    file({ a: { b: [2] } }),
  ],
  [
    "a part that was set here leaves the other parts to the tracked file",
    file({ a: { b: 1, c: 9 } }),
    file({ a: { b: 1, c: 2 } }),
    file({ a: { b: 5, c: 2 } }),
    file({ a: { b: 5, c: 9 } }),
  ],
  [
    "a secret is one value",
    file({ a: { secure: "new" } }),
    file({ a: { secure: "old" } }),
    file({ a: { secure: "own" } }),
    file({ a: { secure: "own" } }),
  ],
])("%s", (_, tracked, before, copy, expected) => {
  expect(merged(tracked, before, copy)).toEqual(expected);
});

test("files are laid over each other setting by setting, a list as a whole", () => {
  const layers = [file({ a: { b: 1, c: [1, 2] }, d: "tracked" }), file({ a: { c: [3] }, e: true })];
  expect(overlaid(layers.map((content) => ({ name: "", content })))).toEqual(
    file({ a: { b: 1, c: [3] }, d: "tracked", e: true }),
  );
  expect(overlaid([])).toEqual({});
});
