import { describe, expect, test } from "vitest";
import { Clock, clockOf } from "../../../../components/engines/containers/clock.ts";

const HOUR = 3_600_000;
const at = (ms: number) => new Date(Date.UTC(2026, 0, 2, 12) + ms);

test.each([
  ["the same", 0, 0],
  ["three hours ahead", 3 * HOUR, -3 * HOUR],
  ["three hours behind", -3 * HOUR, 3 * HOUR],
])("of a clock that is %s, times are taken to this one, and back", (_, aheadMs, here) => {
  const clock = new Clock(aheadMs);
  expect(clock.here(at(0))).toEqual(at(here));
  expect(clock.there(at(here))).toEqual(at(0));
});

describe("measured by an answer that took 400 ms", () => {
  const [asked, answered] = [at(0).getTime(), at(400).getTime()];

  test.each([
    ["it is the same where it may be: at the beginning", 0, 0],
    ["in between", 300, 0],
    ["at the end", 400, 0],
    ["it is ahead by what is left once half of that is off", 3 * HOUR + 300, 3 * HOUR + 100],
    ["or behind", -3 * HOUR + 300, -3 * HOUR + 100],
    ["by little, too", 401, 201],
    ["in whole milliseconds", 401.25, 201],
  ])("%s", (_, said, ahead) => {
    expect(clockOf(asked + said, asked, answered).there(at(0))).toEqual(at(ahead));
  });

  test("it is taken for the same where the answer does not say", () => {
    expect(clockOf(Number.NaN, asked, answered).there(at(0))).toEqual(at(0));
  });
});
