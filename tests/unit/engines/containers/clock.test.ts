import { describe, expect, test } from "vitest";
import { Clock, clockOf } from "../../../../components/engines/containers/clock.ts";

const HOUR = 3_600_000;
const at = (ms: number) => new Date(Date.UTC(2026, 0, 2, 12) + ms);

test.each([
  ["the same", 0, 0],
  ["three hours ahead", 3 * HOUR, -3 * HOUR],
  ["three hours behind", -3 * HOUR, 3 * HOUR],
])("times of a clock that is %s are converted to this machine's, and back", (_, aheadMs, here) => {
  const clock = new Clock(aheadMs);
  expect(clock.here(at(0))).toEqual(at(here));
  expect(clock.there(at(here))).toEqual(at(0));
});

describe("measured by an answer that took 400 ms", () => {
  const [asked, answered] = [at(0).getTime(), at(400).getTime()];

  test.each([
    ["the clocks are taken for equal where that is possible: at the beginning", 0, 0],
    ["the same in between", 300, 0],
    ["the same at the end", 400, 0],
    ["the engine's is ahead by the difference to the middle of the answer", 3 * HOUR + 300, 3 * HOUR + 100],
    ["or behind by it", -3 * HOUR + 300, -3 * HOUR + 100],
    ["by little as well", 401, 201],
    ["in whole milliseconds", 401.25, 201],
  ])("%s", (_, reported, ahead) => {
    expect(clockOf(asked + reported, asked, answered).there(at(0))).toEqual(at(ahead));
  });

  test("the clocks are taken for equal where the answer has no time", () => {
    expect(clockOf(Number.NaN, asked, answered).there(at(0))).toEqual(at(0));
  });
});
