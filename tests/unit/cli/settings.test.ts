import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { parse, stringify } from "yaml";
import { readSettings, settingsInFiles } from "../../../cli/shared/settings.ts";
import { ArgsError } from "../../../components/index.ts";

const tracked = parse(readFileSync("Pulumi.dev.yaml", "utf8")) as { config: Record<string, { hostPort: number }> };
const port = tracked.config["stackyard:postgres"]?.hostPort;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-settings-"));
  mkdirSync(join(folder, "config"));
  vi.stubEnv("PULUMI_OPTION_CONFIG_FILE", undefined);
  vi.stubEnv("STACKYARD_STATE", folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A stack file outside the work tree. */
function written(name: string, config: Record<string, unknown>): string {
  const file = join(folder, "config", name);
  writeFileSync(file, stringify({ config }));
  return file;
}
const own = (config: Record<string, unknown>) => written("Pulumi.dev.yaml", config);

test("what is tracked counts, with the defaults of the program", () => {
  expect(settingsInFiles("dev", { own: true })).toMatchObject({
    program: "polyglot",
    environment: "dev",
    postgres: { hostPort: port },
    down: false,
  });
});

test("a stack without a file of its own is a copy of dev, on ports that nobody had", () => {
  expect(settingsInFiles("alice", { own: true })).toEqual({ ...settingsInFiles("dev", { own: true }), ports: "free" });
});

test("what was set in this clone counts, unless what is tracked is asked for", () => {
  written("Pulumi.dev.yaml.tracked", tracked.config);
  own({ ...tracked.config, "stackyard:postgres": { hostPort: 15432 } });
  expect(settingsInFiles("dev", { own: true }).postgres).toEqual({ hostPort: 15432 });
  expect(settingsInFiles("dev", { own: false }).postgres).toEqual({ hostPort: port });
});

test("a file that is named counts alone, and its texts are read as pulumi reads them", () => {
  const file = written("Pulumi.other.yaml", { "stackyard:redis": '{"hostPort":16379}', "aws:region": "moon" });
  vi.stubEnv("PULUMI_OPTION_CONFIG_FILE", file);
  expect(settingsInFiles("dev", { own: true })).toMatchObject({ postgres: {}, redis: { hostPort: 16379 } });
});

test("a secret is not read", () => {
  own({ "stackyard:imageMirror": { secure: "v1:abc:def" } });
  expect(() => settingsInFiles("dev", { own: true })).toThrow(
    new ArgsError("stack dev has bad settings", [
      'imageMirror: should be a registry\'s host, with port and path where it has them, got "a secret"',
    ]).message,
  );
});

test("what is set is told without pulumi, which would make the stack; a secret's value is not", () => {
  vi.stubEnv("PATH", "/nonexistent");
  own({ "stackyard:imageMirror": { secure: "v1:abc:def" }, "stackyard:redis": { hostPort: 16379 } });
  const { given, hidden, filled, faults } = readSettings({ secrets: false });
  expect([given.imageMirror, given.program, [...hidden], faults]).toEqual([undefined, "polyglot", ["imageMirror"], []]);
  expect(filled).toMatchObject({ redis: { hostPort: 16379 } });
  own({ "stackyard:redis": { hostPort: 16379 } });
  expect(readSettings({ secrets: true }).given.redis).toEqual({ hostPort: 16379 });
});
