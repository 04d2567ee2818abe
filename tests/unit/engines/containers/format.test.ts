import { expect, test } from "vitest";
import { dockerCpus, goDuration } from "../../../../components/engines/containers/format.ts";

test.each([
  [0, "0s"],
  [1, "1ms"],
  [200, "200ms"],
  [999, "999ms"],
  [1_000, "1s"],
  [1_500, "1.5s"],
  [59_999, "59.999s"],
  [60_000, "1m0s"],
  [90_000, "1m30s"],
  [90_500, "1m30.5s"],
  [3_600_000, "1h0m0s"],
  [3_661_000, "1h1m1s"],
  [86_400_000, "24h0m0s"],
])("goDuration of %d ms is %s, as Go prints it", (ms, expected) => {
  expect(goDuration(ms)).toBe(expected);
});

test.each([
  [0.1, "0.1"],
  [0.5, "0.5"],
  [0.1 + 0.2, "0.3"],
  [1, "1.0"],
  [2.5, "2.5"],
  [128, "128.0"],
])("dockerCpus of %d is %s, as the provider reads it back", (cpus, expected) => {
  expect(dockerCpus(cpus)).toBe(expected);
});
