import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pulumi, pulumiInOneLine } from "../../../cli/shared/pulumi.ts";
import { STACK } from "../../../cli/shared/stack.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-pulumi-"));
  // In the place of the CLI: tells what it was given.
  const callFile = join(folder, "told");
  writeFileSync(
    join(folder, "pulumi"),
    `#!/bin/sh\necho "$* [$STACKYARD_DISCARD] [$STACKYARD_DOWN]" >${callFile}; exit 7\n`,
    {
      mode: 0o755,
    },
  );
  vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
  vi.stubEnv("PULUMI_BACKEND_URL", `file://${folder}`);
});
afterEach(() => rmSync(folder, { recursive: true }));

test.each([
  ["up", "postgres,redis", {}, "[postgres,redis] []"],
  ["up", "redis", { STACKYARD_DOWN: "1" }, "[redis] [1]"],
  ["preview", "redis", {}, "[redis] []"],
  ["destroy", "", {}, "[] []"],
])("%s: what may be lost is handed on: %s", async (command, discard, env, expected) => {
  vi.stubEnv("STACKYARD_DISCARD", discard);
  expect(await pulumi([command, "--yes"], env)).toBe(7);
  expect(readFileSync(join(folder, "told"), "utf8")).toBe(`${command} --yes --stack ${STACK} ${expected}\n`);
});

test.each([
  [0, undefined, ["looking\n"]],
  [7, undefined, ["looking\n", "no engine\n", "refreshing\n"]],
  [0, "resources", []],
])("a line is in the place of its output, which comes where it fails: %i, %s", async (code, show, shown) => {
  vi.stubEnv("STACKYARD_SHOW", show);
  writeFileSync(join(folder, "pulumi"), `#!/bin/sh\necho refreshing; echo no engine >&2; exit ${code}\n`);
  const said: string[] = [];
  vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
  expect(await pulumiInOneLine("looking", ["refresh"])).toBe(code);
  expect(
    said
      .join("")
      .split(/(?<=\n)/)
      .filter(Boolean)
      .sort(),
  ).toEqual(shown);
});
