import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { developed } from "../../../components/core/develop.ts";
import { deploy, type Options } from "../helpers/stack.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-develop-"));
  mkdirSync(join(folder, "lib"));
  writeFileSync(join(folder, "lib/file.ts"), "");
  chmodSync(folder, 0o755);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A user that is neither the files' owner nor in their group. */
const OTHER = "54321:54321";
const COMMAND = ["node", "reload.ts"];
const live = async (options: Options = {}, user = OTHER) =>
  (
    await deploy(
      (platform) =>
        developed(
          "api",
          'Api "api"',
          platform,
          { mounts: { [relative(".", folder)]: "/app/src" }, command: COMMAND },
          user,
        ),
      options,
    )
  ).made;

test("applies in dev on this machine's engine, by absolute paths", async () => {
  expect(await live()).toEqual({ command: COMMAND, mounts: [{ source: folder, path: "/app/src", readOnly: true }] });
});

test.each<[string, Options]>([
  ["in prod", { environment: "prod" }],
  ["when down", { down: true }],
])("does not apply %s", async (_, options) => {
  expect(await live(options)).toBeUndefined();
});

test("does not apply on another machine's engine, which has no such folder, and says so", async () => {
  const info = vi.spyOn(pulumi.log, "info").mockResolvedValue();
  expect(await live({ host: "ssh://me@elsewhere" })).toBeUndefined();
  expect(info.mock.calls).toEqual([
    ['Api "api": a change is live at the next up only, because the engine is not on this machine.'],
  ]);
});

describe.runIf(process.platform === "linux")("a file that its user may not read", () => {
  test.each<[string, string, number]>([
    ["a file", "lib/file.ts", 0o640],
    ["a folder that it may not enter", "lib", 0o744],
    ["the folder itself", ".", 0o700],
  ])("is refused, with what to do: %s", async (_, path, mode) => {
    chmodSync(join(folder, path), mode);
    const { uid, gid } = statSync(folder);
    const named = relative(".", folder);
    await expect(live()).rejects.toThrow(
      `Api "api" has bad arguments\n  develop.mounts.${named}: should be readable by ${OTHER}, got ${join(named, path)} ` +
        `(mode ${mode.toString(8)}, owner ${uid}:${gid}): \`chmod -R a+rX ${named}\``,
    );
  });

  test("is no fault in prod, for its owner, for its group, or behind a link", async () => {
    const { uid, gid } = statSync(folder);
    chmodSync(join(folder, "lib/file.ts"), 0o640);
    symlinkSync("nowhere", join(folder, "link"));
    expect(await live({ environment: "prod" })).toBeUndefined();
    expect(await live({}, `${uid}:54321`)).toBeDefined();
    expect(await live({}, `54321:${gid}`)).toBeDefined();
  });
});
