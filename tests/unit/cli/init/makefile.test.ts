import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";

// The Makefile of a project that `init` has written.

const folder = mkdtempSync(join(tmpdir(), "stackyard-starter-"));
afterAll(() => rmSync(folder, { recursive: true }));
cpSync("examples/starter/Makefile", join(folder, "Makefile"));
writeFileSync(join(folder, "npx"), '#!/bin/sh\necho "$*"\n', { mode: 0o755 });

function make(...args: string[]) {
  const env = { PATH: `${folder}:${process.env.PATH}`, NAME: "host", s: "x" };
  const { status, stdout, stderr } = spawnSync("make", args, { cwd: folder, env, encoding: "utf8" });
  return { status, stdout: stdout.trim().replace(/ +/g, " "), stderr };
}

test.each([
  [["up"], "stackyard up"],
  [["logs", "s=api"], "stackyard logs api"],
  [["restart", "NAME=alice", "s=api,redis"], "stackyard restart --name=alice api,redis"],
  [["down", "ENV=prod"], "stackyard down --env=prod"],
  [["help"], "stackyard --help"],
])("make %j: what is typed is handed on, and nothing else", (args, stdout) =>
  expect(make(...args)).toEqual({ status: 0, stdout, stderr: "" }),
);

test.each(["name=alice", "STACK=queue", "YES=1"])("clean %s is refused, and does not clean another stack", (word) => {
  const { status, stdout, stderr } = make("clean", word);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
  expect(stderr).toContain(`make does not know ${word.replace(/=.*/, "=")}; it knows NAME= ENV= s=`);
});
