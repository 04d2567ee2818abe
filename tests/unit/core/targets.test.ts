import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  FILES_TARGET,
  fileTargets,
  inMemory,
  memoryTargets,
  mountTarget,
  PROBE_TARGET,
  refuseClashes,
  secretTargets,
  type Target,
} from "../../../components/core/targets.ts";

let source: string;
beforeAll(() => {
  source = mkdtempSync(join(tmpdir(), "stackyard-targets-"));
  mkdirSync(join(source, "cache"));
  writeFileSync(join(source, "app.conf"), "");
});
afterAll(() => rmSync(source, { recursive: true, force: true }));

const volume = (path: string, label = "a", more: Partial<Target> = {}): Target =>
  ({ option: `volumes.${label}`, path, ...more }) as Target;
const mount = (path: string, { local = true, readOnly = true, of = "" } = {}) =>
  mountTarget("mounts.x", { source: join(source, of), path, readOnly }, local);
const memory = (path: string) => memoryTargets(false, [path], []);
const mounted = (path: string) => fileTargets({ [path]: "it" }, true);
const put = (path: string) => fileTargets({ [path]: "it" }, false);
const secrets = (...paths: string[]) =>
  secretTargets(
    [...new Set(paths.map((path) => path.slice(0, path.lastIndexOf("/")) || "/"))],
    Object.fromEntries(paths.map((path, index) => [`S${index}`, { path }])),
    { readOnly: true },
  );
const ofJob = (path: string) => secretTargets([path], { S: { path: `${path}/s` } }, { put: true });

const refusal = (...targets: (Target | Target[])[]) => {
  try {
    refuseClashes("It", targets.flat());
  } catch (error) {
    return (error as Error).message.split("\n").slice(1).join("\n").trim();
  }
  return "nothing";
};

const ANOTHER = "Give one of them another path.";
const MOUNTED = "Give it another path; or set readOnlyRoot: true, with which it is mounted there.";

// Tried on an engine (Docker 26.1); a few are inferred from similar cases.
describe("takes what fits together", () => {
  test.each<[string, () => (Target | Target[])[]]>([
    ["a volume below a volume", () => [volume("/a"), volume("/a/b", "b")]],
    ["a volume below a folder in memory", () => [memory("/a"), volume("/a/b")]],
    ["a folder in memory below a volume", () => [volume("/a"), memory("/a/b")]],
    ["a folder in memory below a mount that can be written", () => [mount("/a", { readOnly: false }), memory("/a/b")]],
    ["a folder in memory below a mount that has such a folder", () => [mount("/a"), memory("/a/cache")]],
    [
      "the same on another machine's engine, where that cannot be known",
      () => [mount("/a", { local: false }), memory("/a/b")],
    ],
    ["the same for a volume, whose content is unknown", () => [volume("/a", "a", { readOnly: true }), memory("/a/b")]],
    ["a mounted file in a volume", () => [volume("/a"), mounted("/a/a.conf")]],
    ["a mounted file in a folder in memory", () => [memory("/a"), mounted("/a/b/a.conf")]],
    ["a mounted file over a mount's file", () => [mount("/a"), mounted("/a/app.conf")]],
    ["mounted files in place of the engine's own", () => [mounted("/etc/hosts"), mounted("/etc/resolv.conf")]],
    ["a file that is put into a volume", () => [volume("/a"), put("/a/a.conf")]],
    ["the same below a folder in memory", () => [memory("/a"), volume("/a/b"), put("/a/b/a.conf")]],
    ["names that only begin alike", () => [mounted("/a"), volume("/ab")]],
    ["secrets below a folder in memory", () => [memory("/run"), secrets("/run/secrets/key")]],
    ["secrets in a folder of /etc", () => [secrets("/etc/keys/a"), mounted("/etc/app.conf")]],
    ["a job's secrets in /etc, or below others", () => [ofJob("/etc"), ofJob("/etc/keys")]],
    ["a folder below a job's files", () => [FILES_TARGET, mount("/run/files/data")]],
    ["a volume at /etc, or at /dev", () => [volume("/etc"), volume("/dev", "b")]],
  ])("%s", (_, targets) => {
    expect(refusal(...targets())).toBe("nothing");
  });
});

describe("refuses what does not fit together", () => {
  test.each<[string, () => (Target | Target[])[], string]>([
    [
      "two volumes at a path",
      () => [volume("/a"), volume("/a", "b")],
      `volumes.b: \`volumes.a\` is at /a already. ${ANOTHER}`,
    ],
    [
      "the same path, written differently",
      () => [volume("/a/./b"), mount("/a//b")],
      `mounts.x: \`volumes.a\` is at /a/b already. ${ANOTHER}`,
    ],
    [
      "a mount, and a folder in memory",
      () => [mount("/a"), memory("/a")],
      `tmpfs./a: \`mounts.x\` is at /a already. ${ANOTHER}`,
    ],
    [
      "three at a path",
      () => [volume("/a"), mount("/a"), memory("/a")],
      `mounts.x: \`volumes.a\` is at /a already. ${ANOTHER}\n  tmpfs./a: \`volumes.a\` is at /a already. ${ANOTHER}`,
    ],
    [
      "secrets in a volume",
      () => [volume("/a"), secrets("/a/key")],
      `secrets.S0.path: \`volumes.a\` is at /a already. ${ANOTHER}`,
    ],
    [
      "secrets in /tmp, where that is in memory",
      () => [memoryTargets(true, [], []), secrets("/tmp/key")],
      `secrets.S0.path: \`tmpfs\` is at /tmp already. ${ANOTHER}`,
    ],
    [
      "secrets in the image's root",
      () => [secrets("/key")],
      "secrets.S0.path: nothing can be in the place of its image's root. Give it a path below that.",
    ],
    [
      "a volume at the image's root",
      () => [volume("/.")],
      "volumes.a: nothing can be in the place of its image's root. Give it a path below that.",
    ],
    [
      "secrets in /etc, where the engine has files of its own",
      () => [secrets("/etc/key")],
      "secrets.S0.path: no place for a file of the engine's can be made in it, where it can only be read. Give it another path.",
    ],
    [
      "secrets below secrets",
      () => [secrets("/run/secrets/a", "/run/secrets/more/b")],
      `secrets.S1.path: the folder of its secrets is at /run/secrets, where it can only be read: no place for more can be made in it. ${ANOTHER}`,
    ],
    [
      "a mounted file among secrets",
      () => [secrets("/run/secrets/a"), mounted("/run/secrets/b")],
      `files./run/secrets/b: the folder of its secrets is at /run/secrets, where it can only be read: no place for b can be made in it. ${ANOTHER}`,
    ],
    [
      "a file that is put among secrets",
      () => [secrets("/run/secrets/a"), put("/run/secrets/b")],
      `files./run/secrets/b: the folder of its secrets is at /run/secrets, where it can only be read: no place for b can be made in it. ${ANOTHER}`,
    ],
    [
      "a volume where the probe's program is",
      () => [PROBE_TARGET, volume("/run/stackyard")],
      `volumes.a: the program of its probe is at /run/stackyard already. ${ANOTHER}`,
    ],
    [
      "the probe's program below a mount that has no such folder",
      () => [PROBE_TARGET, mount("/run")],
      "mounts.x: no place for the program of its probe can be made in it, where it can only be read. Give it another path.",
    ],
    [
      "a folder in memory below a mount that has no such folder",
      () => [mount("/a"), memory("/a/b")],
      `tmpfs./a/b: \`mounts.x\` is at /a, where it can only be read: no place for b can be made in it. ${ANOTHER}`,
    ],
    [
      "a folder where a mount has a file",
      () => [mount("/a"), volume("/a/app.conf")],
      `volumes.a: \`mounts.x\` is at /a, where it can only be read: no place for app.conf can be made in it. ${ANOTHER}`,
    ],
    [
      "a volume below a file",
      () => [mount("/a", { of: "app.conf" }), volume("/a/b")],
      `volumes.a: \`mounts.x\` is at /a, a file. ${ANOTHER}`,
    ],
    [
      "a file that is put where a folder in memory will be",
      () => [memory("/a"), put("/a/a.conf")],
      `files./a/a.conf: \`tmpfs./a\` is at /a once it starts, in memory, and hides it. ${MOUNTED}`,
    ],
    [
      "a file that is put into /dev",
      () => [put("/dev/a")],
      `files./dev/a: a folder of the engine's is at /dev once it starts, in memory, and hides it. ${MOUNTED}`,
    ],
    [
      "a file that is put where the engine has one of its own",
      () => [put("/etc/hosts")],
      `files./etc/hosts: a file of the engine's is at /etc/hosts once it starts. ${MOUNTED}`,
    ],
    [
      "a file that is put into a read-only mount, even over one of its files",
      () => [mount("/a"), put("/a/app.conf")],
      `files./a/app.conf: \`mounts.x\` is at /a, where it can only be read: no place for app.conf can be made in it. ${ANOTHER}`,
    ],
    [
      "a job's files, and a mount",
      () => [FILES_TARGET, mount("/run/files", { readOnly: false })],
      `mounts.x: the folder of its files is at /run/files already. ${ANOTHER}`,
    ],
    [
      "a job's secrets below a read-only mount, even where it has such a folder",
      () => [mount("/a"), ofJob("/a/cache")],
      `secrets.S.path: \`mounts.x\` is at /a, where it can only be read: no place for cache can be made in it. ${ANOTHER}`,
    ],
  ])("%s", (_, targets, expected) => {
    expect(refusal(...targets())).toBe(expected);
  });
});

test.each<[string, boolean, Record<string, string>, string[], string[]]>([
  ["/tmp is in memory where the root is read-only", true, {}, ["/data"], ["/tmp"]],
  ["/tmp is not in memory where the root can be written", false, {}, [], []],
  ["/tmp is in memory beside other folders", true, { "/run": "" }, [], ["/tmp", "/run"]],
  ["/tmp in memory can have options of its own", true, { "/tmp": "size=1m" }, [], ["/tmp"]],
  ["/tmp is not in memory where something else is mounted", true, { "/run": "" }, ["/tmp/."], ["/run"]],
])("%s", (_, readOnlyRoot, tmpfs, others, expected) => {
  const at = others.map((path) => ({ path }));
  expect(Object.keys(inMemory(readOnlyRoot, tmpfs, at))).toEqual(expected);
  expect(memoryTargets(readOnlyRoot, Object.keys(tmpfs), at).map(({ path }) => path)).toEqual(expected);
});
