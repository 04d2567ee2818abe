import { defaultCell, link, table } from "../helpers/markdown.ts";
import { defaultOf, entriesOf, partOf, ruleOf } from "../helpers/rules.ts";
import { placeOf, textOf } from "../helpers/sources.ts";
import {
  BASES,
  documented,
  type Entry,
  everywhere,
  FAULTS,
  type Option,
  PUBLIC,
  sharedOptions,
  shownBy,
} from "./reference-entries.ts";

// The tables of options in docs/reference.md.

type Row = [name: string, rule: string, byDefault: string, text: string];

export const optionTable = (rows: readonly Row[]) =>
  rows.length === 0 ? [] : [table(["option", "a value is", "default", ""], rows)];

/** What TypeScript calls a type, for options without a schema. */
const TYPES: Record<string, string> = { "readonly string[]": "a list of texts", boolean: "true or false" };

/** The rows of an option and of those within it. @param byDefault in place of its own default. */
export function rowsOf(option: Option, path = option.name, byDefault = defaultText(option)): Row[] {
  const { text } = documented(path, option.declaration);
  const type = textOf(option.type);
  const rule = option.schema ? ruleOf(option.schema) : (TYPES[type] ?? `\`${type}\``);
  const elsewhere = shownBy(option);
  const more = elsewhere ? ` See ${link(elsewhere.name)}.` : "";
  return [[`\`${path}\``, rule, byDefault, `${text}${more}`], ...(elsewhere ? [] : rowsWithin(option, path))];
}

/** The rows of the options within an option: those of all its forms, each once. */
export function rowsWithin({ within, schema }: Option, path: string): Row[] {
  const rows = new Map<string, Row[]>();
  for (const { steps, members } of within) {
    const keys = members.map(({ name }) => name);
    const [set] = steps.reduce(
      (all, step) => all.flatMap((each) => entriesOf(each, step)),
      [schema].filter((each) => each !== undefined),
    );
    for (const member of members) {
      const at = `${path}${steps.join("")}.${member.name}`;
      if (rows.has(at)) continue;
      const option = { ...member, schema: set && partOf(set, keys, member.name) };
      const inAllForms = within.every((other) => other.members.some(({ name }) => name === member.name));
      rows.set(at, rowsOf(option, at, defaultText(inAllForms ? option : { ...option, optional: true })));
    }
  }
  return [...rows.values()].flat();
}

function defaultText({ name, schema, docstring, optional, declaration }: Option): string {
  const value = schema && defaultOf(schema);
  const said = docstring?.byDefault;
  const otherwise = optional ? "" : "**required**";
  // Words say more than an empty value.
  if (said?.startsWith("- ")) return defaultCell(undefined, said, otherwise);
  if (value !== undefined && said !== undefined && said !== JSON.stringify(value))
    FAULTS.add(`${name} in ${placeOf(declaration)} is ${JSON.stringify(value)} by default, not ${said}`);
  return defaultCell(value, said, otherwise);
}

/** The default that an option has in all components that extend a class, if it is the same in all. */
function commonDefault(base: string, option: Option): string | undefined {
  const [first, ...others] = new Set(everywhere(base, option).map(defaultText));
  return others.length === 0 ? first : undefined;
}

/** The rows of what the components that extend a class have in common. */
export const sharedRows = (base: string) =>
  sharedOptions(base).flatMap((option) =>
    rowsOf(option, option.name, commonDefault(base, option) ?? "each has its own"),
  );

/** What a component takes, before the table of its own options: its type, and the options that others have too. */
export function leadOf({ base = "", options, optionsType }: Entry): string {
  const shared = sharedOptions(base);
  if (shared.length === 0) return `Options (\`${optionsType}\`):`;
  const title = BASES[base] as string;
  const missing = shared.filter(({ name }) => !options.some((option) => option.name === name));
  const different = options.filter(
    (option) =>
      shared.some(({ declaration }) => declaration === option.declaration) && commonDefault(base, option) === undefined,
  );
  const those = [
    `those of ${link(title, PUBLIC.has(base) ? `\`${base}\`` : title.toLowerCase())}`,
    ...(missing.length > 0 ? [`except ${listed(missing.map(({ name }) => `\`${name}\``))}`] : []),
    ...(different.length > 0 ? [`with ${listed(different.map(settingOf))} by default`] : []),
  ];
  return `Options (\`${optionsType}\`): ${those.join(", ")}; and its own:`;
}

const settingOf = (option: Option) => `\`${option.name}: ${defaultText(option).replaceAll("`", "")}\``;

const listed = (items: readonly string[]) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

/** A default that a docstring gives for what only the compiler checks, as a sentence. */
export const defaultSentence = (option: Option) =>
  option.docstring?.byDefault === undefined ? "" : ` Default: ${defaultText(option)}.`;
