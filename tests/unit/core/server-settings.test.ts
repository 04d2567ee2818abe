import { expect, test } from "vitest";
import { decidedBy, ruledOut, serverSettings, variablesOf } from "../../../components/core/server-settings.ts";

const OWN = { dir: "Its folder is fixed: leave it out.", ...decidedBy("limit", "max_size") };

test.each([
  ["max_size", "It follows from `limit`: set that option instead."],
  ["Max_Size", "It follows from `limit`: set that option instead."],
  ["MAX_SIZE_FILE", "It follows from `limit`: set that option instead."],
  ["dir", "Its folder is fixed: leave it out."],
  ["dir_file_file", undefined],
  ["directory", undefined],
  ["constructor", undefined],
])("%s is ruled out: %s", (name, reason) => {
  expect(ruledOut(OWN, name)).toBe(reason);
});

test("a variable is ruled out as its setting is", () => {
  const variables = variablesOf(OWN, (setting) => `X_${setting.toUpperCase()}`);
  expect(ruledOut(variables, "X_MAX_SIZE")).toBe("It follows from `limit`: set that option instead.");
  expect(ruledOut(variables, "max_size")).toBeUndefined();
});

test("the name of an inherited property is a setting like any other", () => {
  const settings = serverSettings({ name: [/^[a-z]+$/, "a name"], own: OWN });
  expect(settings.parse({ constructor: 1 })).toEqual({ constructor: "1" });
});
