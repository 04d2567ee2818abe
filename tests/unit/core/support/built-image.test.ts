import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { builtImage } from "../../../../components/core/support/built-image.ts";
import { contentHash } from "../../../../components/core/support/content.ts";

const FOLDER = resolve("infra/airgap/images");
const NAMES = readdirSync(FOLDER, { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

test("there are images to test with", () => {
  expect(NAMES).toEqual(expect.arrayContaining(["base", "node", "postgres", "redis"]));
});

test("the base image has no base", () => {
  const context = join(FOLDER, "base");
  expect(builtImage("base")).toEqual({ ref: `stackyard.invalid/base:${contentHash(context)}`, context, buildArgs: {} });
});

test.each(NAMES.filter((name) => name !== "base"))("%s is named by its content and its base", (name) => {
  const context = join(FOLDER, name);
  const image = builtImage(name);
  expect(image).toEqual({
    ref: `stackyard.invalid/${name}:${contentHash(context, [image.base?.ref ?? ""])}`,
    context,
    buildArgs: { BASE: image.base?.ref },
    base: image.base,
  });
  expect(image.base?.ref).toMatch(/^stackyard\.invalid\/[a-z0-9-]+:[0-9a-f]{12}$/);
});

test.each(NAMES)("%s derives from the base image in the end", (name) => {
  let image = builtImage(name);
  while (image.base) image = image.base;
  expect(image.ref).toBe(builtImage("base").ref);
});

test("another clone's images are named by the content of that clone's folder", () => {
  const other = `${mkdtempSync(join(tmpdir(), "stackyard-clone-"))}/`;
  cpSync(FOLDER, other, { recursive: true });
  expect(builtImage("redis", other).ref).toBe(builtImage("redis").ref);
  writeFileSync(join(other, "base/more.sh"), "");
  expect(builtImage("redis", other).ref).not.toBe(builtImage("redis").ref);
  rmSync(other, { recursive: true });
});

test("an image that does not exist fails", () => {
  expect(() => builtImage("none")).toThrow(`ENOENT: no such file or directory, open '${FOLDER}/none/Dockerfile'`);
});
