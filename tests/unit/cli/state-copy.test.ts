import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { brokenState, copyFile, readState, STACK, stateFile, statesIn } from "../../../cli/shared/stack.ts";
import { keepCopies, keepCopy, noRoom } from "../../../cli/shared/state-copy.ts";

let folder = "";
let file = "";
beforeEach(() => {
  // A name that a shell has to be told carefully.
  folder = mkdtempSync(join(tmpdir(), "stackyard's state-"));
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${folder}`);
  file = stateFile() ?? "";
  mkdirSync(dirname(file), { recursive: true });
});
afterEach(() => rmSync(folder, { recursive: true }));

const ID = {
  urn: "urn:pulumi:dev::shop::pulumi:index:Stash::identity",
  type: "pulumi:index:Stash",
  outputs: { output: { id: "0a1b2c3d" } },
};
const content = (resources: object[] = [ID]) => JSON.stringify({ version: 3, checkpoint: { latest: { resources } } });
const whole = (resources?: object[]) => writeFileSync(file, content(resources));
const cutOff = () => writeFileSync(file, content().slice(0, 90));

describe("a state that is cut off", () => {
  test.each(["", "{", '{"version":3}', '{"version":3,"checkpoint":'])("%j", (text) => {
    whole();
    keepCopy();
    writeFileSync(file, text);
    const said = brokenState() ?? "";
    expect(said).toContain(`The state of stack ${STACK} cannot be read: ${file} is cut off`);
    expect(said).toContain("with 1 resources. Make room on that disk, bring it back, and run the same again:\n  cp ");
    execFileSync("sh", ["-c", said.slice(said.lastIndexOf("\n"))]);
    expect(brokenState()).toBeUndefined();
    expect(readState().id).toBe("0a1b2c3d");
  });

  test("is never copied over one that is whole", () => {
    whole();
    keepCopy();
    cutOff();
    keepCopy();
    expect(readFileSync(copyFile(), "utf8")).toBe(content());
    expect(readdirSync(dirname(copyFile()))).toEqual([`${STACK}.json`]);
  });

  test("the newest whole copy is named, pulumi's own too", () => {
    whole();
    keepCopy();
    utimesSync(copyFile(), 1, 1);
    cutOff();
    writeFileSync(`${file}.bak`, content([ID, ID]));
    expect(brokenState()).toContain("with 2 resources");
    writeFileSync(`${file}.bak`, "{");
    expect(brokenState()).toContain("of 1970-01-01T00:00:01.000Z, with 1 resources");
    rmSync(copyFile());
    expect(brokenState()).toMatch(/is cut off.* No whole copy of it is here: bring one back from a backup\.$/);
  });

  test("is not taken for a missing one, where all states are read", () => {
    cutOff();
    expect(statesIn(join(folder, ".pulumi"))).toEqual([undefined]);
  });

  test("a state that is missing is not broken", () => {
    expect(brokenState()).toBeUndefined();
    expect(readState()).toEqual({ resources: [], pending: 0 });
  });
});

test("the state is copied while somebody changes it", async () => {
  whole([]);
  const stop = keepCopies();
  expect(readFileSync(copyFile(), "utf8")).toBe(content([]));
  whole();
  await expect.poll(() => readFileSync(copyFile(), "utf8"), { timeout: 8_000 }).toBe(content());
  whole([ID, ID]);
  stop();
  expect(readFileSync(copyFile(), "utf8")).toBe(content([ID, ID]));
});

test("of a backend that is not a folder nothing is copied", () => {
  vi.stubEnv("PULUMI_BACKEND_URL", "s3://states");
  keepCopies()();
  expect(existsSync(copyFile())).toBe(false);
});

describe("room on the disk", () => {
  const disk = (bavail: number, files: number, ffree: number) =>
    noRoom(folder, () => ({ bavail, bsize: 1024 ** 2, files, ffree }));

  test.each([
    [50, 1_000, 500],
    [10_000, 0, 0],
  ])("%i MiB, %i files, %i of them free: enough", (...room) => {
    expect(disk(...room)).toBeUndefined();
  });

  test.each([
    [49, 1_000, 500, "49.0 MiB"],
    [0, 0, 0, "0.0 MiB"],
    [10_000, 1_000, 3, "room for 3 files"],
  ])("%i MiB, %i files, %i of them free: not enough", (bavail, files, ffree, left) => {
    expect(disk(bavail, files, ffree)).toContain(`has ${left} left, and should have 50 MiB or more: ${folder}.`);
  });
});
