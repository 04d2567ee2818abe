import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { currentPlace } from "../../../cli/shared/processes.ts";
import {
  dropLock,
  fateOfLock,
  type MachineNames,
  pulumiLocks,
  readNames,
  rememberName,
} from "../../../cli/shared/pulumi-lock.ts";
import { PROJECT, STACK } from "../../../cli/shared/stack.ts";
import type { Fate } from "../../../cli/shared/verb-lock.ts";

let folder = "";
let locks = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-pulumi-lock-"));
  locks = join(folder, ".pulumi/locks/organization", PROJECT, STACK);
  mkdirSync(locks, { recursive: true });
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${folder}`);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The number of a process that was, and is nobody's. */
async function ended(): Promise<number> {
  const child = spawn("true");
  await new Promise((resolve) => child.once("exit", resolve));
  return child.pid ?? 0;
}

const NOW = () => new Date().toISOString();
const OURS: MachineNames = { "as-it-was-called": [currentPlace().machine] };

test.each<[string, Fate, { pid?: number; hostname?: string; timestamp?: string }, MachineNames?]>([
  ["a process that runs", "lives", {}],
  ["one of this machine, by another name that it had", "lives", { hostname: "as-it-was-called" }, OURS],
  ["one that has ended", "gone", { pid: 0 }],
  ["one that has ended, by another name of this machine", "gone", { pid: 0, hostname: "as-it-was-called" }, OURS],
  ["a process that began after the lock was made", "gone", { timestamp: "2020-01-01T00:00:00Z" }],
  ["one on a machine that nobody here knows", "elsewhere", { hostname: "far-away" }],
  ["one on another machine that is known", "elsewhere", { hostname: "far-away" }, { "far-away": ["another"] }],
  [
    "one that has ended here, or runs on another machine of this name",
    "elsewhere",
    { pid: 0 },
    { [hostname()]: ["another"] },
  ],
])("the lock of %s: %s", async (_, fate, lock, names = {}) => {
  const pid = lock.pid === 0 ? await ended() : process.pid;
  const whole = { username: "ann", hostname: hostname(), timestamp: NOW(), ...lock, pid };
  expect(fateOfLock(whole, names)).toBe(fate);
});

test("locks are found, even those that are cut off, and removed with the files beside them", () => {
  const whole = { pid: 1, username: "ann", hostname: "far-away", timestamp: NOW() };
  writeFileSync(join(locks, "a.json"), JSON.stringify(whole));
  writeFileSync(join(locks, "a.json.attrs"), "{}");
  writeFileSync(join(locks, "b.json"), '{"pid":');
  const [first, second] = pulumiLocks();
  if (!first || !second) throw new Error("two locks");
  expect(first).toEqual({ ...whole, file: join(locks, "a.json") });
  expect(fateOfLock(second, {})).toBe("gone");
  for (const each of [first, second]) dropLock(each);
  expect(readdirSync(locks)).toEqual([]);
});

test("in a backend that is not a folder no lock can be seen", () => {
  vi.stubEnv("PULUMI_BACKEND_URL", "s3://states");
  expect(pulumiLocks()).toEqual([]);
});

test("the names that a machine had are remembered, beside those of other machines", () => {
  const file = join(folder, "machines.json");
  writeFileSync(file, JSON.stringify({ "far-away": ["another"] }));
  const names = { "far-away": ["another"], [hostname()]: [currentPlace().machine] };
  expect(rememberName()).toEqual(names);
  expect(readNames()).toEqual(names);
  const before = readFileSync(file, "utf8");
  rememberName();
  expect(readFileSync(file, "utf8")).toBe(before);
  expect(existsSync(`${file}.${process.pid}`)).toBe(false);
});
