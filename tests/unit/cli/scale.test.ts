import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { stringify } from "yaml";
import { countsIn, refuseCounts } from "../../../cli/scale.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-scale-"));
  vi.stubEnv("STACKYARD_BY", "make");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Of a stack of the web program in prod, with other settings. */
function refusal(counts: Record<string, number>, config: Record<string, unknown> = {}): Promise<string> {
  const file = join(folder, "Pulumi.yaml");
  const all = { program: "webapp", environment: "prod", ...config };
  const entries = Object.entries(all).map(([key, value]) => [`stackyard:${key}`, value]);
  writeFileSync(file, stringify({ config: Object.fromEntries(entries) }));
  vi.stubEnv("PULUMI_OPTION_CONFIG_FILE", file);
  return refuseCounts(new Map(Object.entries(counts)), "shop").then(
    () => "",
    (error: Error) => error.message,
  );
}

test("a name and a number, of one service or several", () => {
  expect(Object.fromEntries(countsIn(["backend=5", "worker=1"]))).toEqual({ backend: 5, worker: 1 });
});

test.each([
  [["backend"], "s= should be the name of a service and a number, as backend=5, got backend"],
  [["backend=-1"], "s= should be the name of a service and a number, as backend=5, got backend=-1"],
  [["=2"], "s= should be the name of a service and a number, as backend=5, got =2"],
  [["backend=1", "backend=2"], "s= should be each service once, got backend twice"],
])("%j is refused", (words, message) => expect(() => countsIn(words)).toThrow(message));

test("a number within the range is not refused", async () => {
  expect(await refusal({ backend: 5 })).toBe("");
  expect(await refusal({ backend: 1 }, { backend: { replicas: 4, memoryMiB: 512 } })).toBe("");
});

test.each([
  [
    "nobody",
    "nobody of stack shop cannot be scaled: there are no settings of this name; those of backend have `replicas`. " +
      "Nothing was touched.",
  ],
  [
    "database",
    "database of stack shop cannot be scaled: its settings have no `replicas`; those of backend have `replicas`. " +
      "Nothing was touched.",
  ],
])("%s is refused, of which there cannot be several", async (name, message) => {
  expect(await refusal({ [name]: 2 })).toBe(message);
});

test.each([0, 101])("%d of it are refused", async (count) => {
  expect(await refusal({ backend: count })).toBe(
    `stack shop has bad settings\n  backend.replicas: should be a whole number, 1 to 100, got ${count}`,
  );
});

test("what the program refuses beside its number is refused, too", async () => {
  expect(await refusal({ backend: 2 }, { backend: { hostPort: 15420 } })).toContain(
    "It has a published port, which one container has: leave this out.",
  );
});
