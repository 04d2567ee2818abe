import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { FakeDaemon } from "./helpers/daemon.ts";
import { mock } from "./helpers/stack.ts";

// What the README says holds.

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const README = readFileSync(join(ROOT, "README.md"), "utf8");

let folder: string;
let daemon: FakeDaemon;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-readme-"));
  daemon = await new FakeDaemon().ready();
  daemon.routes["GET /_ping"] = { headers: { "Api-Version": "1.45" } };
  daemon.routes["GET /networks"] = { body: [] };
  vi.stubEnv("DOCKER_HOST", daemon.host);
  vi.stubEnv("STACKYARD_IMAGE_SOURCE", "registry");
});
afterEach(async () => {
  await daemon.close();
  rmSync(folder, { recursive: true });
});

test("its example is a stack", async () => {
  const example = /```ts\n([\s\S]*?)```/.exec(README)?.[1] ?? "";
  const classes = [...new Set(example.match(/\b(Platform|new (\w+))\b/g))].map((word) => word.replace("new ", ""));
  const program = join(folder, "example.ts");
  writeFileSync(
    program,
    `import { ${classes.join(", ")} } from "${ROOT}components/index.ts";\n${example}\nexport {};\n`,
  );
  const monitor = mock();
  await import(/* @vite-ignore */ program);
  await pulumi.runtime.disconnect();
  const made = monitor.recorded.filter(({ key }) => key.startsWith("Container ")).map(({ name }) => name);
  expect(made.sort()).toEqual(["api", "postgres", "postgres-setup", "redis"]);
});

test("every verb that it names is make's", () => {
  const blocks = README.split("```").flatMap((block, at) => (at % 2 === 1 ? block.split("\n") : []));
  const commands = blocks
    .filter((line) => line.startsWith("make "))
    .flatMap((line) => line.replace(/#.*/, "").split(/\s{2,}|\|/));
  const inline = [...README.matchAll(/`(make [^`]+)`/g)].map(([, command = ""]) => command);
  const named = [...commands, ...inline].flatMap((part) => /^(?:make )?([a-z-]+)/.exec(part.trim())?.[1] ?? []);
  const makefile = readFileSync(join(ROOT, "Makefile"), "utf8");
  const verbs = [...makefile.matchAll(/^([a-z0-9 -]+):.*## /gm)].flatMap(([, names = ""]) => names.split(" "));
  expect(named).toEqual(expect.arrayContaining(["dev", "test", "up", "down", "clean", "preview", "ps", "logs"]));
  expect(named.filter((verb) => !verbs.includes(verb))).toEqual([]);
});

test("every path that it names is there", () => {
  const paths = [...README.matchAll(/\]\(([^)#:]+)\)/g)].map(([, path = ""]) => path);
  expect(paths.length).toBeGreaterThan(3);
  for (const path of paths) expect(() => readFileSync(join(ROOT, path)), path).not.toThrow(/ENOENT/);
});
