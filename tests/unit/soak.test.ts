import { expect, test } from "vitest";
import { failed, Tally } from "../soak/tally.ts";

// How `make soak` counts.

test("half of the requests took no longer than p50, and 99 in 100 no longer than p99", () => {
  const tally = new Tally();
  for (let took = 200; took > 0; took--) tally.add(took);
  expect(tally.seen).toEqual({ requests: 200, failures: {}, p50: 100, p99: 198 });
});

test("a request that failed counts as one of them, and by its reason", () => {
  const tally = new Tally();
  tally.add(5);
  tally.add(7, "read: 502");
  tally.add(9, "read: 502");
  tally.add(1, "write: socket hang up");
  expect(tally.seen).toMatchObject({ requests: 4, failures: { "read: 502": 2, "write: socket hang up": 1 } });
  expect(failed(tally.seen)).toBe(3);
});
