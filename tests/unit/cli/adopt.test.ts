import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { adopt } from "../../../cli/shared/adopt.ts";
import { PROJECT, ROOT } from "../../../cli/shared/stack.ts";
import { holder, readHolder, release, TOKEN_VARIABLE, take } from "../../../cli/shared/verb-lock.ts";

let home: string;
let [from, own] = ["", ""];
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "stackyard-adopt-"));
  [from, own] = [state("old", join(home, "nowhere")), state("own", ROOT)];
  vi.stubEnv("STACKYARD_STATE", own);
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${own}/backend`);
  stack(from, "dev");
});
afterEach(() => rmSync(home, { recursive: true }));

/** A state folder as set-up makes it, with a stack that has nothing yet. */
function state(name: string, clone: string): string {
  const folder = join(home, name);
  for (const each of [`backend/.pulumi/stacks/${PROJECT}`, "config", "bin"])
    mkdirSync(join(folder, each), { recursive: true });
  for (const [file, text] of [
    ["passphrase", `of ${name}`],
    ["clone", `${clone}\n`],
    ["config/Pulumi.dev.yaml", `encryptionsalt: of ${name}\n`],
  ] as const)
    writeFileSync(join(folder, file), text, { mode: 0o600 });
  return folder;
}

function stack(folder: string, name: string): void {
  const resources = [{ urn: `urn:pulumi:${name}::${PROJECT}::pulumi:pulumi:Stack::x`, type: "pulumi:pulumi:Stack" }];
  const file = join(folder, `backend/.pulumi/stacks/${PROJECT}/${name}.json`);
  writeFileSync(file, JSON.stringify({ checkpoint: { latest: { resources } } }));
}

/** All files below a folder, with what is in them. */
const all = (folder: string) =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => statSync(join(folder, path)).isFile())
      .sort()
      .map((path) => [path, readFileSync(join(folder, path), "utf8")]),
  );

test("takes the old state over byte by byte with its permissions, keeps what was here, and removes the old one", () => {
  const [old, mine] = [all(from), all(own)];
  const kept = adopt(from, own, "/here");
  expect(all(own)).toEqual({ ...old, clone: "/here\n" });
  expect(statSync(join(own, "passphrase")).mode & 0o777).toBe(0o600);
  expect(all(kept)).toEqual(mine);
  expect(existsSync(from)).toBe(false);
  expect(existsSync(`${own}.adopting`)).toBe(false);
});

describe("the locks", () => {
  const lockOf = (folder: string, stack: string) => join(folder, `backend/verb-locks/${PROJECT}/${stack}.json`);
  const hold = (file: string, pid = process.pid) => {
    const me = holder(file, "make dev", pid);
    expect(take(file, me)).toEqual({});
    return me;
  };
  /** Of a process that is gone. */
  const holdGone = (file: string) => {
    const me = hold(file);
    writeFileSync(file, JSON.stringify({ ...me, start: "0" }));
  };

  test("of this run goes on in the new folder; those of runs that are gone and those of the old folder are left behind", () => {
    const mine = lockOf(own, "dev");
    const me = hold(mine);
    vi.stubEnv(TOKEN_VARIABLE, me.token);
    holdGone(lockOf(from, "dev"));
    holdGone(lockOf(from, "alice"));
    const kept = adopt(from, own, "/here");
    expect(readHolder(mine)?.token).toBe(me.token);
    expect(existsSync(lockOf(own, "alice"))).toBe(false);
    expect(existsSync(join(kept, "backend/verb-locks"))).toBe(false);
    release(mine, me);
    expect(existsSync(mine)).toBe(false);
  });

  test.each<[string, () => void, RegExp]>([
    [
      "another stack of this clone",
      () => hold(lockOf(own, "alice")),
      /^This clone's state: make dev \(process \d+ of /,
    ],
    [
      "a stack of the old state",
      () => hold(lockOf(from, "alice")),
      /old: make dev \(process \d+ of .* is at work on it\. /,
    ],
    [
      "the old state, for another clone",
      () => hold(join(from, "backend/verb-locks/adopt.json")),
      /old: make dev \(process \d+ of .* is at work on it\. Nothing was touched\.$/,
    ],
    [
      "a stack of the old state, from elsewhere",
      () => {
        const file = lockOf(from, "alice");
        writeFileSync(file, JSON.stringify({ ...hold(file), machine: "another", host: "far" }));
      },
      /on far; if it has ended, this releases it: rm \S+alice\.json\. Nothing was touched\.$/,
    ],
    [
      "the old state by a pulumi that its run has left",
      () => {
        const locks = join(from, `backend/.pulumi/locks/organization/${PROJECT}/dev`);
        mkdirSync(locks, { recursive: true });
        const lock = { pid: process.pid, username: "ann", hostname: hostname(), timestamp: new Date().toISOString() };
        writeFileSync(join(locks, "a.json"), JSON.stringify(lock));
      },
      /old: pulumi \(process \d+ of ann on .* is at work on it\. Nothing was touched\.$/,
    ],
  ])("of a run that lives refuse: %s", (_, make, message) => {
    make();
    const before = all(home);
    expect(() => adopt(from, own, "/here")).toThrow(message);
    expect(all(home)).toEqual(before);
  });
});

test("what a killed adoption has left does no harm and is not adopted", () => {
  mkdirSync(`${own}.adopting`);
  writeFileSync(join(`${own}.adopting`, "half"), "");
  adopt(from, own, "/here");
  expect(existsSync(join(own, "half"))).toBe(false);
});

test.each<[string, () => void, string | RegExp]>([
  [
    "this clone has a state of its own",
    () => stack(own, "alice"),
    /^This clone has a state of its own, and resources in it \(1\)/,
  ],
  [
    "this clone has a state that is cut off",
    () => writeFileSync(join(own, `backend/.pulumi/stacks/${PROJECT}/dev.json`), '{"checkp'),
    /^This clone has a state of its own, which is cut off/,
  ],
  [
    "its clone is there",
    () => writeFileSync(join(from, "clone"), ROOT),
    /is the state of the clone at .*, which is there/,
  ],
  ["it is this clone's own", () => (from = own), /is this clone's state already\.$/],
  ["it has no passphrase", () => rmSync(join(from, "passphrase")), /has no passphrase/],
  [
    "it is no state folder",
    () => (from = home),
    /^from= should be a state folder, got .*: there is no backend in it\.$/,
  ],
  ["it is not there", () => (from = join(home, "none")), /^from= should be a state folder, got /],
])("is refused, and nothing touched: %s", (_, make, message) => {
  make();
  const before = all(home);
  expect(() => adopt(from, own, "/here")).toThrow(message);
  expect(all(home)).toEqual(before);
});
