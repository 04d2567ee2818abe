import { expect, test } from "vitest";
import { describe } from "../src/errors.ts";

test.each([
  [new Error("first line\nsecond line"), "first line"],
  [Object.assign(new AggregateError([]), { code: "ECONNREFUSED" }), "ECONNREFUSED"],
  [new Error("cannot reach redis://:pw@cache:6379"), "cannot reach redis://***@cache:6379"],
  [new Error("x".repeat(300)), "x".repeat(200)],
  ["just text", "just text"],
  [undefined, "undefined"],
])("describes %o", (error, text) => {
  expect(describe(error)).toBe(text);
});
