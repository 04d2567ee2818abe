import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { commonSettings } from "../../../components/program/common-settings.ts";
import { loadProgram, programsIn } from "../../../components/program/program.ts";
import { defaultCell, table } from "../helpers/markdown.ts";
import { defaultOf, ofKind, ruleOf } from "../helpers/rules.ts";
import { exportsOf, type Member, schemaMembers } from "../helpers/sources.ts";

// Pulumi.yaml and docs/settings.md agree with the schemas of settings and with the docstrings beside them.

interface Setting {
  path: string;
  rule: string;
  text: string;
  /** What the docstring says. */
  said?: string | undefined;
  /** The schema's default. */
  value?: unknown;
}

/** @returns each setting of a schema, with those of a set of options one by one. */
function settingsIn(schema: z.ZodObject, members: readonly Member[], set = ""): Setting[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, option]) => {
    const member = members.find(({ name }) => name === key);
    const [options] = ofKind(option, z.ZodObject);
    if (options) return settingsIn(options, member?.within.flatMap((each) => each.members) ?? [], `${key}.`);
    const { text, byDefault } = member?.docstring ?? {};
    if (!text) throw new Error(`${set}${key} has no docstring`);
    return [
      { path: `${set}${key}`, rule: ruleOf(option), text: inLine(text), said: byDefault, value: defaultOf(option) },
    ];
  });
}

const inLine = (text: string) => text.replace(/\s+/g, " ");

const membersOf = (file: string, name: string) => {
  const symbol = exportsOf(file).get(name);
  return symbol ? schemaMembers(symbol) : [];
};

const COMMON = settingsIn(
  commonSettings([...programsIn("stacks").keys()]),
  membersOf("components/program/common-settings.ts", "commonSettings"),
);
const OWN = await Promise.all(
  [...programsIn("stacks")].map(async ([name, [file = ""]]) => {
    const { settings } = await loadProgram("stacks", name);
    return { name, file, settings: settingsIn(settings, membersOf(`stacks/${file}`, "settings")) };
  }),
);

const settingTable = (settings: readonly Setting[]) =>
  table(
    ["setting", "a value is", "default", ""],
    settings.map(({ path, rule, said, value, text }) => [
      `\`${path}\``,
      rule,
      defaultCell(value, said, "has to be set"),
      text,
    ]),
  );

test("a default in a docstring is the schema's default", () => {
  const settings = [...COMMON, ...OWN.flatMap((each) => each.settings)];
  // A program may set another default than the component; then the schema is right.
  const other = ["redis.maxMemoryPolicy"];
  for (const { path, said, value } of settings) {
    if (other.includes(path) || value === undefined || said === undefined) continue;
    expect([path, said]).toEqual([path, JSON.stringify(value)]);
  }
  // A setting without a default says what happens then, except the program's name, which Pulumi.yaml sets.
  const silent = settings.filter(({ said, value }) => said === undefined && value === undefined);
  expect(silent.map(({ path }) => path)).toEqual(["program"]);
});

test("Pulumi.yaml declares settings of every program, with the same words and defaults", () => {
  const { config } = parse(readFileSync("Pulumi.yaml", "utf8")) as {
    config: Record<string, { description?: string; default?: unknown }>;
  };
  const declared = Object.entries(config).filter(([key]) => !key.includes(":"));
  expect(declared.map(([key]) => key)).toEqual(["program", "environment"]);
  for (const [key, { description, ...rest }] of declared) {
    const setting = COMMON.find(({ path }) => path === key);
    const names = [...programsIn("stacks").keys()];
    expect([key, description]).toEqual([key, setting?.text]);
    if (key === "program") expect(names).toContain(rest.default);
    else expect([key, rest.default]).toEqual([key, setting?.value]);
  }
});

test("docs/settings.md lists all settings: `npx vitest run --project unit tests/unit/stacks/docs.test.ts -u` rewrites it", async () => {
  const parts = [
    "# Settings",
    "Made of the components' schemas and docstrings. `NAME → VALUE` means values by name.\n",
    "Those of a stack are in `Pulumi.STACK.yaml`. Your own are in `Pulumi.STACK.local.yaml`, which is not tracked, or set with",
    "`stackyard pulumi config set --path redis.memoryMiB 256`. `stackyard config` shows those in force, and where each comes from.\n",
    "State is a folder outside of the work tree, which every run names; `PULUMI_BACKEND_URL` or a `backend:` in Pulumi.yaml names a",
    "shared one. Where no container registry can be reached, images are",
    "[built from package registries](../infra/airgap/images/README.md): `qdrant` is then a stand-in with part of Qdrant's interface,",
    "and `stackyard ps` says so. `imageSource` and `imageMirror` choose for a stack.",
    "\n## Of every stack program\n",
    settingTable(COMMON),
    "\nBeside these, each key that `apiKeys` names is a setting.",
    ...OWN.flatMap(({ name, file, settings }) => [
      `\n## Of \`${name}\`\n`,
      `[stacks/${file}](../stacks/${file}).\n`,
      settingTable(settings),
    ]),
  ];
  await expect(`${parts.join("\n")}\n`).toMatchFileSnapshot("../../../docs/settings.md");
});
