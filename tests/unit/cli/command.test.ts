import { beforeEach, expect, test, vi } from "vitest";

beforeEach(() => vi.resetModules());

test.each([
  ["dev", "make dev", "make logs s=redis"],
  ["prod", "make up ENV=prod", "make logs ENV=prod s=redis"],
  ["alice", "make dev NAME=alice", "make logs NAME=alice s=redis"],
])("for stack %s", async (stack, dev, logs) => {
  vi.stubEnv("PULUMI_STACK", stack);
  const { commandFor } = await import("../../../cli/shared/command.ts");
  expect([commandFor("dev"), commandFor("logs", "s=redis")]).toEqual([dev, logs]);
});
