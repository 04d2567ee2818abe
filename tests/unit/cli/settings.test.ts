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

test("tracked settings count, with the defaults of the program", async () => {
  expect(await settingsInFiles("dev", { own: true })).toMatchObject({
    common: { program: "polyglot", environment: "dev" },
    own: { postgres: { hostPort: port, maxConnections: 100 } },
  });
});

test("a stack without a file of its own is a copy of dev, on ports that nobody had", async () => {
  const dev = await settingsInFiles("dev", { own: true });
  const { common, own } = await settingsInFiles("alice", { own: true });
  expect({ common, own }).toEqual({ common: { ...dev.common, ports: "free" }, own: dev.own });
});

test("settings of this clone count, unless only the tracked ones are asked for", async () => {
  written("Pulumi.dev.yaml.tracked", tracked.config);
  own({ ...tracked.config, "stackyard:postgres": { hostPort: 15432 } });
  expect((await settingsInFiles("dev", { own: true })).own.postgres).toMatchObject({ hostPort: 15432 });
  expect((await settingsInFiles("dev", { own: false })).own.postgres).toMatchObject({ hostPort: port });
});

test("a settings file that is named counts alone, and its texts are read as pulumi reads them", async () => {
  const file = written("Pulumi.other.yaml", { "stackyard:redis": '{"hostPort":16379}', "aws:region": "moon" });
  vi.stubEnv("PULUMI_OPTION_CONFIG_FILE", file);
  const { own } = await settingsInFiles("dev", { own: true });
  expect(own.redis).toMatchObject({ hostPort: 16379 });
  expect(own.postgres).not.toHaveProperty("hostPort");
});

test("a secret is not read", async () => {
  own({ "stackyard:imageMirror": { secure: "v1:abc:def" } });
  await expect(settingsInFiles("dev", { own: true })).rejects.toThrow(
    new ArgsError("stack dev has bad settings", [
      'imageMirror: should be a registry\'s host, with port and path where it has them, got "a secret"',
    ]).message,
  );
});

test("settings are shown without pulumi, which would create the stack; a secret's value is not", async () => {
  vi.stubEnv("PATH", "/nonexistent");
  own({ "stackyard:imageMirror": { secure: "v1:abc:def" }, "stackyard:redis": { hostPort: 16379 } });
  const { given, hidden, settings, faults } = await readSettings({ secrets: false });
  expect([given.imageMirror, given.program, [...hidden], faults]).toEqual([undefined, "polyglot", ["imageMirror"], []]);
  expect(settings?.own).toMatchObject({ redis: { hostPort: 16379 } });
  own({ "stackyard:redis": { hostPort: 16379 } });
  expect((await readSettings({ secrets: true })).given.redis).toEqual({ hostPort: 16379 });
});
