import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readGraph } from "../../../cli/shared/graph.ts";
import { readSettings, settingsInFiles } from "../../../cli/shared/settings.ts";
import { ArgsError } from "../../../components/index.ts";
import { deploy } from "../../../components/program/deploy.ts";
import { programsIn } from "../../../components/program/program.ts";
import { checkSettings, settingsOf } from "../../../components/program/settings.ts";
import { FakeDaemon } from "../helpers/daemon.ts";
import { held, mock, passwordOf, registered } from "../helpers/stack.ts";

// Adding a stack program takes only its file in the folder of programs: no other file names it.

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
/** The program that docs/programs.md shows. */
const DOC = readFileSync(join(ROOT, "docs/programs.md"), "utf8");
const [, SHOP = ""] = /```ts\n([\s\S]*?)```/.exec(DOC) ?? [];
/** Its stack file, for a stack whose name does not say the program. */
const SHOP_SETTINGS = (/```yaml\n([\s\S]*?)```/.exec(DOC)?.[1] ?? "").replace(
  "config:\n",
  "config:\n  stackyard:program: shop\n",
);

let folder: string;
let stacks: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stackyard-programs-"));
  stacks = join(folder, "stacks");
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  vi.stubEnv("STACKYARD_STATE", folder);
  vi.stubEnv("PULUMI_OPTION_CONFIG_FILE", undefined);
  vi.stubEnv("STACKYARD_DOWN", undefined);
  vi.stubEnv("STACKYARD_ONLY", undefined);
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Puts a program into the folder, over the components of this project. */
function put(file: string, text: string): void {
  mkdirSync(dirname(join(stacks, file)), { recursive: true });
  writeFileSync(join(stacks, file), text.replace(/"(\.\.\/)+components/, `"${ROOT}components`));
}

/** Names a stack file with this content for a verb. */
function configured(content: string): void {
  writeFileSync(join(folder, "Pulumi.named.yaml"), content);
  vi.stubEnv("PULUMI_OPTION_CONFIG_FILE", join(folder, "Pulumi.named.yaml"));
}

describe.each([
  ["a file", "shop.ts"],
  ["a folder", "shop/index.ts"],
])("%s", (_, file) => {
  beforeEach(() => put(file, SHOP));

  test("is found, and its settings are read with the defaults of its components", async () => {
    const { common, own } = await settingsOf({ program: "shop", orders: { memoryMiB: 1024 } }, "dev", stacks);
    expect(common).toMatchObject({ program: "shop", environment: "dev", ports: "fixed" });
    expect(own).toMatchObject({
      orders: { memoryMiB: 1024, version: "17", maxConnections: 100 },
      cache: { enabled: true, memoryMiB: 64, maxMemoryPolicy: "noeviction" },
    });
  });

  test("refuses settings that it does not declare", async () => {
    const { faults } = await checkSettings(
      { program: "shop", orders: { memoryMib: 1 }, postgres: {}, cache: { memoryMiB: 64, maxMemoryMiB: 64 } },
      "dev",
      stacks,
    );
    expect(faults).toEqual([
      "orders.memoryMib: should not be there; did you mean `memoryMiB`?",
      "cache.maxMemoryMiB: should be three quarters of memoryMiB (48 MiB) at most: the rest is for clients, and for what changes while it saves, got 64",
      "postgres: should not be there; the options are orders, cache, program, environment, imageSource, imageMirror, subnetPool, ports, apiKeys",
    ]);
  });

  test("is what make config, doctor and graph show", async () => {
    configured(`${SHOP_SETTINGS}  stackyard:cache: { enabled: false }\n`);
    const { settings, faults } = await readSettings({ secrets: false }, stacks);
    expect([faults, settings?.own]).toMatchObject([[], { orders: { hostPort: 15_432 }, cache: { enabled: false } }]);
    const { nodes } = await readGraph(await settingsInFiles("dev", { own: true }, stacks));
    expect(nodes.map(({ name, type, hostPorts }) => [name, type, hostPorts])).toEqual([
      ["orders", "Postgres", [15_432]],
    ]);
  });

  test("is deployed, and the outputs have what it returns", async () => {
    const daemon = await new FakeDaemon().ready();
    daemon.routes["GET /_ping"] = { headers: { "Api-Version": "1.45" } };
    daemon.routes["GET /networks"] = { body: [] };
    vi.stubEnv("DOCKER_HOST", daemon.host);
    vi.stubEnv("STACKYARD_IMAGE_SOURCE", "registry");
    try {
      const monitor = mock();
      pulumi.runtime.setAllConfig({ "stackyard:program": "shop", "stackyard:cache": '{"hostPort":16379}' });
      const { urls, addresses } = await registered(() => deploy(stacks));
      expect((await held(urls)).orders).toBe(`postgresql://app:${passwordOf("orders-password")}@orders:5432/app`);
      expect(addresses.cache?.host).toBe("127.0.0.1:16379");
      const containers = monitor.recorded.filter(({ key }) => key.startsWith("Container ")).map(({ name }) => name);
      expect(containers.sort()).toEqual(["cache", "orders"]);
    } finally {
      await daemon.close();
    }
  });
});

test("an unknown name is refused with the names that exist", async () => {
  put("shop.ts", SHOP);
  put("blog/index.ts", SHOP);
  put("blog/posts.ts", "");
  put("notes/notes.ts", SHOP);
  put("shop.test.ts", "");
  put("README.md", "");
  expect([...programsIn(stacks).keys()]).toEqual(["blog", "shop"]);
  for (const name of ["polyglot", "notes", "../shop", "shop.ts", "constructor"]) {
    expect((await checkSettings({ program: name, orders: {} }, "dev", stacks)).faults).toEqual([
      `program: should be one of blog, shop, got "${name}"`,
    ]);
  }
  expect((await checkSettings({}, "dev", stacks)).faults).toEqual([
    "program: should be one of blog, shop, got nothing",
  ]);
});

test("two programs with one name are refused", async () => {
  put("shop.ts", SHOP);
  put("shop/index.ts", SHOP);
  expect((await checkSettings({ program: "shop" }, "dev", stacks)).faults).toEqual([
    "There are two stack programs shop, one of which has to be renamed\n    stacks/shop.ts\n    stacks/shop/index.ts",
  ]);
});

test.each<[string, string[]]>([
  [
    "export const program = () => ({});",
    ["settings: should be a z.strictObject of the program's own settings, got nothing"],
  ],
  [
    'import { z } from "zod";\nexport const settings = z.strictObject({});\nexport const shop = () => ({});',
    ["program: should be a function (platform, settings, apiKeys) that declares its services and jobs, got nothing"],
  ],
  [
    "export const settings = {};\nexport const program = {};",
    [
      "settings: should be a z.strictObject of the program's own settings, got {}",
      "program: should be a function (platform, settings, apiKeys) that declares its services and jobs, got {}",
    ],
  ],
  [
    'import { z } from "zod";\nexport const settings = z.object({ ports: z.string(), a: z.string() });\nexport const program = () => {};',
    ["settings.ports: every program has a setting of that name: give this one another name"],
  ],
])("a program that exports something else is refused, %#", async (text, faults) => {
  put("wrong.ts", text);
  const refused = ["stacks/wrong.ts does not export what a stack program has to", ...faults].join("\n    ");
  // All faults come in one message.
  await expect(settingsOf({ program: "wrong", environment: "test" }, "dev", stacks)).rejects.toThrow(
    new ArgsError("stack dev has bad settings", ['environment: should be one of dev, prod, got "test"', refused])
      .message,
  );
});

test("an undeclared setting is refused, even by a loose schema", async () => {
  put(
    "loose.ts",
    'import { z } from "zod";\nexport const settings = z.looseObject({});\nexport const program = () => {};',
  );
  const { faults } = await checkSettings({ program: "loose", enviroment: "prod" }, "dev", stacks);
  expect(faults).toEqual(["enviroment: should not be there; did you mean `environment`?"]);
});

test("a program that returns something else than services is refused", async () => {
  put(
    "wrong.ts",
    'import { z } from "zod";\nexport const settings = z.strictObject({});\nexport const program = () => ({ seed: { gate: 1 } });',
  );
  const { program } = await settingsOf({ program: "wrong" }, "dev", stacks);
  await expect(program.declare({} as never, {}, {})).rejects.toThrow(
    new ArgsError("The program of stacks/wrong.ts returns something else than services", [
      "seed: should be a service, got { gate }",
    ]).message,
  );
});

test("no code names one of this project's programs", () => {
  const files = ["components", "cli", "infra/setup"].flatMap((path) =>
    readdirSync(join(ROOT, path), { recursive: true, withFileTypes: true }).flatMap((entry) =>
      entry.isFile() ? [join(entry.parentPath, entry.name)] : [],
    ),
  );
  const names = [...programsIn(join(ROOT, "stacks")).keys()];
  expect(names).toContain("polyglot");
  const naming = [join(ROOT, "index.ts"), join(ROOT, "Makefile"), ...files].filter((file) => {
    const text = readFileSync(file, "utf8");
    return names.some((name) => text.includes(name));
  });
  expect(naming).toEqual([]);
});
