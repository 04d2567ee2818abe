import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CHECK_TIMEOUT_MS, readiness } from "../src/readiness.ts";

const close = async () => {};

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

test("waits for no client longer than the time-out, and asks all at once", async () => {
  const hanging = { check: () => new Promise<void>(() => {}), close };
  const result = readiness({ one: hanging, two: hanging, three: { check: close, close } });

  await vi.advanceTimersByTimeAsync(CHECK_TIMEOUT_MS);

  const failed = { state: "failed", latencyMs: 2000, error: "no answer within 2000 ms" };
  expect(await result).toEqual({
    status: "unavailable",
    checks: { one: failed, two: failed, three: { state: "ok", latencyMs: 0 } },
  });
});

test("leaves no timer behind", async () => {
  await readiness({ one: { check: close, close } });

  expect(vi.getTimerCount()).toBe(0);
});
