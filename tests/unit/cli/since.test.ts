import { expect, test } from "vitest";
import { parseSince } from "../../../cli/shared/since.ts";

const NOW = new Date("2026-01-02T12:00:00Z");

test.each([
  ["30s", "2026-01-02T11:59:30.000Z"],
  ["10m", "2026-01-02T11:50:00.000Z"],
  ["2h", "2026-01-02T10:00:00.000Z"],
  ["1d", "2026-01-01T12:00:00.000Z"],
  ["1h30m", "2026-01-02T10:30:00.000Z"],
  ["2026-01-01", "2026-01-01T00:00:00.000Z"],
  ["2026-01-01T03:04Z", "2026-01-01T03:04:00.000Z"],
  ["2026-01-01T03:04:05.5Z", "2026-01-01T03:04:05.500Z"],
  ["2026-01-01T03:04:05+02:00", "2026-01-01T01:04:05.000Z"],
])("%s is %s", (text, at) => {
  expect(parseSince(text, NOW)?.toISOString()).toBe(at);
});

test.each(["", "10", "m", "10 m", "-10m", "10min", "1.5h", "yesterday", "2026-13-01", "2026-01-01 03:04", "12:00"])(
  "%j is neither a duration nor a time",
  (text) => {
    expect(parseSince(text, NOW)).toBe(undefined);
  },
);
