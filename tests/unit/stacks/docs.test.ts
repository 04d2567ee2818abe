import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { faultsOf } from "../../../components/core/support/args.ts";
import { commonSettings } from "../../../components/program/common-settings.ts";
import { loadProgram, programsIn } from "../../../components/program/program.ts";
import { type Docstring, docstringsIn } from "../helpers/docstrings.ts";

// Pulumi.yaml and docs/settings.md agree with the schemas of settings and with the docstrings beside them.

interface Setting extends Docstring {
  path: string;
  rule: string;
  /** The schema's default. */
  value?: unknown;
}

/** @returns the files that may have the docstrings of a set of options, which has its component's name. */
const filesOf = (name: string) => [
  ...["databases", "app"].flatMap((folder) => {
    try {
      return [docstringsIn(`components/${folder}/${name}.ts`)];
    } catch {
      return [];
    }
  }),
  ...[
    "components/program/switchable.ts",
    "components/jobs/ollama-models.ts",
    "components/core/database.ts",
    "components/core/support/common.ts",
  ].map(docstringsIn),
];

/** @returns each setting of a schema, with those of a set of options one by one. */
function settingsIn(schema: z.ZodObject, docstrings: (set: string) => Map<string, Docstring>[], set = ""): Setting[] {
  return Object.entries(schema.shape as Record<string, z.ZodType>).flatMap(([key, option]) => {
    const options = objectIn(option);
    if (options) return settingsIn(options, docstrings, key);
    const path = set === "" ? key : `${set}.${key}`;
    const docstring = docstrings(set)
      .find((each) => each.has(key))
      ?.get(key);
    if (!docstring) throw new Error(`${path} has no docstring`);
    const { success, data } = option.safeParse(undefined);
    return [{ path, rule: ruleOf(option), ...docstring, ...(success && data !== undefined ? { value: data } : {}) }];
  });
}

function objectIn(schema: z.ZodType): z.ZodObject | undefined {
  const { innerType } = schema._zod.def as { innerType?: z.ZodType };
  return schema instanceof z.ZodObject ? schema : innerType && objectIn(innerType);
}

/** @returns what a value should be, in the words of the error for a wrong one, be it of another type or out of range. */
function ruleOf(schema: z.ZodType): string {
  const rules = [Symbol("another type"), -1.5, "\n"].flatMap((setting) => {
    const { error } = z.strictObject({ setting: schema }).safeParse({ setting });
    const fault = error ? faultsOf(error, { setting })[0] : undefined;
    return /^setting: should be (.*), got /s.exec(fault ?? "")?.[1] ?? [];
  });
  return rules.find((rule) => !["a text", "a number"].includes(rule)) ?? rules[0] ?? "";
}

const COMMON = settingsIn(commonSettings([...programsIn("stacks").keys()]), () =>
  ["components/program/common-settings.ts", "components/core/support/platform-settings.ts"].map(docstringsIn),
);
const OWN = await Promise.all(
  [...programsIn("stacks")].map(async ([name, [file = ""]]) => {
    const { settings } = await loadProgram("stacks", name);
    return { name, file, settings: settingsIn(settings, filesOf) };
  }),
);

const table = (settings: readonly Setting[]) => {
  const rows = settings.map(({ path, rule, text, defaultText, value }) => {
    const byDefault = value === undefined ? (defaultText ?? "has to be set") : `\`${JSON.stringify(value)}\``;
    return [`\`${path}\``, rule, byDefault, text].map((cell) => cell.replaceAll("|", "\\|")).join(" | ");
  });
  return ["| setting | a value is | default | |", "|---|---|---|---|", ...rows.map((row) => `| ${row} |`)].join("\n");
};

test("a default in a docstring is the schema's default", () => {
  const settings = [...COMMON, ...OWN.flatMap((each) => each.settings)];
  // A program may set another default than the component; then the schema is right.
  const other = ["redis.maxMemoryPolicy"];
  for (const { path, defaultText, value } of settings) {
    if (other.includes(path) || value === undefined || defaultText === undefined) continue;
    expect([path, defaultText]).toEqual([path, JSON.stringify(value)]);
  }
  // A setting without a default says what happens then, except the program's name, which Pulumi.yaml sets.
  const silent = settings.filter(({ defaultText, value }) => defaultText === undefined && value === undefined);
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
    "Made of the components' schemas and docstrings. `make config` shows those in force, and where each value comes from; set them in a",
    '`Pulumi.STACK.yaml`, or with `make pulumi ARGS="config set --path redis.memoryMiB 256"`.',
    "\n## Of every stack program\n",
    table(COMMON),
    "\nBeside these, each key that `apiKeys` names is a setting.",
    ...OWN.flatMap(({ name, file, settings }) => [
      `\n## Of \`${name}\`\n`,
      `[stacks/${file}](../stacks/${file}).\n`,
      table(settings),
    ]),
  ];
  await expect(`${parts.join("\n")}\n`).toMatchFileSnapshot("../../../docs/settings.md");
});
