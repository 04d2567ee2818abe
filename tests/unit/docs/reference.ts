import type ts from "typescript";
import type { z } from "zod";
import { ExternalService } from "../../../components/core/external.ts";
import { PlatformSettings } from "../../../components/core/support/platform-settings.ts";
import { defaultCell, link, paragraphs, table } from "../helpers/markdown.ts";
import { argumentSchemas, defaultOf, entriesOf, partOf, ruleOf } from "../helpers/rules.ts";
import {
  baseOf,
  callOf,
  type Docstring,
  declarationOf,
  docstringOf,
  documentedMembers,
  exportsOf,
  interfaceMembers,
  isClass,
  isType,
  literalsOf,
  type Member,
  optionsOf,
  parametersOf,
  placeOf,
  schemaOf,
  textOf,
  typeOf,
  writtenType,
} from "../helpers/sources.ts";

// The text of docs/reference.md, made of what the library exports: its types, its schemas, and the docstrings of both.

export const PUBLIC = exportsOf("components/index.ts");
export const FOR_COMPONENTS = exportsOf("components/core/index.ts");

/** The chapters, by the folder in which their exports are declared. */
const CHAPTERS = {
  "components/core": "Platform, volumes and connections",
  "components/databases": "Databases",
  "components/jobs": "Setup jobs",
  "components/app": "Applications and other servers",
  "components/program": "Stack programs",
};
const OWN_COMPONENTS = "For components of your own";

/** Classes that others extend: what all of those have is shown with the class, in a section of this name. */
const BASES: Record<string, string> = { Database: "Every database", Setup: "Every setup job", Container: "Container" };

const SCHEMAS = new Map<string, z.ZodType>([
  ...(await argumentSchemas()),
  ["external", ExternalService],
  ["Platform", PlatformSettings],
]);

/** Something with options: a component, or a function that makes one. */
interface Entry {
  name: string;
  symbol: ts.Symbol;
  docstring: Docstring;
  options: Member[];
  optionsType: string | undefined;
  schema: z.ZodType | undefined;
  /** The base class that it shares options and members with. */
  base: string | undefined;
}

/** What has no docstring, or a wrong one. */
export const FAULTS = new Set<string>();

function documented(name: string, declaration: ts.Node): Docstring {
  const docstring = docstringOf(declaration);
  if (docstring?.text) return docstring;
  FAULTS.add(`${name} in ${placeOf(declaration)} has no docstring`);
  return { text: "", internal: false, parameters: [], ...docstring };
}

function entryOf(name: string, symbol: ts.Symbol): Entry {
  // A platform is made by a function of its class.
  const call = callOf(symbol, name === "Platform" ? "connect" : undefined);
  const schema = SCHEMAS.get(name);
  const places = schema ? Object.keys(schemaShape(schema)) : [];
  return {
    name,
    symbol,
    docstring: documented(name, declarationOf(symbol)),
    options: optionsOf(call, "args").sort((one, other) => places.indexOf(one.name) - places.indexOf(other.name)),
    optionsType: writtenType(call, "args"),
    schema,
    base: basesOf(symbol).find((base) => base in BASES),
  };
}

const schemaShape = (schema: z.ZodType) => (schema as z.ZodObject).shape;

function basesOf(symbol: ts.Symbol): string[] {
  const base = isClass(symbol) ? baseOf(symbol) : undefined;
  return base ? [base.name, ...basesOf(base)] : [];
}

const isComponent = (symbol: ts.Symbol) => basesOf(symbol).includes("ComponentResource");

const ENTRIES = [...PUBLIC].filter(([, symbol]) => !isType(symbol)).map(([name, symbol]) => entryOf(name, symbol));
const childrenOf = (base: string) => ENTRIES.filter((entry) => entry.base === base);

/** Options that all of a base class's components declare at the same place; of a component, all that it has. */
const SHARED = new Map(
  Object.keys(BASES).map((base): [string, { option: Member; entry: Entry }[]] => {
    const itself = ENTRIES.filter(({ name }) => name === base);
    const all = [...itself, ...childrenOf(base)].flatMap((entry) => entry.options.map((option) => ({ option, entry })));
    const times = ({ option }: { option: Member }) =>
      all.filter((other) => other.option.declaration === option.declaration).length;
    const shared = itself[0] ? all.filter(({ entry }) => entry === itself[0]) : all.filter((each) => times(each) > 1);
    const first = shared.filter(
      (each, at) => shared.findIndex((other) => other.option.declaration === each.option.declaration) === at,
    );
    return [base, first];
  }),
);

const isShared = ({ base }: Entry, option: Member) =>
  base !== undefined && SHARED.get(base)?.some((each) => each.option.declaration === option.declaration) === true;

const ownOptions = (entry: Entry) => entry.options.filter((option) => !isShared(entry, option));

// Sets of options that several tables would repeat have a table of their own.

const setOf = ({ within }: Member) =>
  within
    .flatMap(({ members }) => members.map(({ declaration }) => `${placeOf(declaration)}:${declaration.pos}`))
    .join();
const shown = [
  ...[...SHARED].filter(([base]) => !PUBLIC.has(base)).flatMap(([, all]) => all),
  ...ENTRIES.flatMap((entry) => ownOptions(entry).map((option) => ({ option, entry }))),
];
const SETS = new Map<string, { option: Member; entry: Entry }>();
for (const [at, each] of shown.entries()) {
  const set = setOf(each.option);
  if (set !== "" && !SETS.has(set) && shown.findIndex(({ option }) => setOf(option) === set) !== at)
    SETS.set(set, each);
}

type Row = [name: string, rule: string, byDefault: string, text: string];

const schemaIn = ({ schema, options }: Entry, option: Member) =>
  schema && option.name in schemaShape(schema)
    ? partOf(
        schema,
        options.map(({ name }) => name),
        option.name,
      )
    : undefined;

/** @param optional whether it may be left out, whatever its schema says. */
function defaultText(option: Member, schema: z.ZodType | undefined, optional = option.optional): string {
  const value = schema && defaultOf(schema);
  const said = option.docstring?.byDefault;
  const otherwise = optional ? "" : "**required**";
  if (said?.startsWith("- ")) return defaultCell(undefined, said, otherwise);
  if (value !== undefined && said !== undefined && said !== JSON.stringify(value))
    FAULTS.add(`${option.name} in ${placeOf(option.declaration)} is ${JSON.stringify(value)} by default, not ${said}`);
  return defaultCell(value, said, otherwise);
}

/** What TypeScript calls a type, for options without a schema. */
const TYPES: Record<string, string> = { "readonly string[]": "a list of texts", boolean: "true or false" };

function rowsOf(option: Member, schema: z.ZodType | undefined, path = option.name, byDefault?: string): Row[] {
  const { text } = documented(path, option.declaration);
  const set = SETS.get(setOf(option));
  const rule = schema ? ruleOf(schema) : (TYPES[textOf(option.type)] ?? `\`${textOf(option.type)}\``);
  return [
    [
      `\`${path}\``,
      rule,
      byDefault ?? defaultText(option, schema),
      set ? `${text} See ${link(set.option.name)}.` : text,
    ],
    ...(set ? [] : rowsWithin(option, schema, path)),
  ];
}

/** The options within an option: those of all its forms, each once. */
function rowsWithin({ within }: Member, schema: z.ZodType | undefined, path: string): Row[] {
  const rows = new Map<string, Row[]>();
  for (const { steps, members } of within) {
    const keys = members.map(({ name }) => name);
    const sets = schema && steps.reduce((all, step) => all.flatMap((each) => entriesOf(each, step)), [schema]);
    for (const member of members) {
      const at = `${path}${steps.join("")}.${member.name}`;
      const part = sets?.[0] && partOf(sets[0], keys, member.name);
      // What one form needs another one may not have.
      const everywhere = within.every((other) => other.members.some(({ name }) => name === member.name));
      const byDefault = everywhere ? undefined : defaultText(member, part, true);
      if (!rows.has(at)) rows.set(at, rowsOf(member, part, at, byDefault));
    }
  }
  return [...rows.values()].flat();
}

const HEAD = ["option", "a value is", "default", ""];
const optionTable = (rows: Row[]) => (rows.length === 0 ? [] : [table(HEAD, rows)]);

/** The default of a shared option, if all components have the same. */
function sharedDefault(base: string, option: Member): string | undefined {
  const all = [...ENTRIES.filter(({ name }) => name === base), ...childrenOf(base)].filter((entry) =>
    entry.options.some(({ declaration }) => declaration === option.declaration),
  );
  const texts = new Set(all.map((entry) => defaultText(option, schemaIn(entry, option))));
  return texts.size === 1 ? [...texts][0] : undefined;
}

const sharedTable = (base: string) =>
  optionTable(
    (SHARED.get(base) ?? []).flatMap(({ option, entry }) =>
      rowsOf(option, schemaIn(entry, option), option.name, sharedDefault(base, option) ?? "each has its own"),
    ),
  );

const listed = (items: readonly string[]) =>
  items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;

/** What a component takes beside the options in its own table. */
function beside(entry: Entry): string[] {
  const { base, options, optionsType } = entry;
  if (base === undefined || !SHARED.get(base)?.length) return optionsType ? [`Options (\`${optionsType}\`):`] : [];
  const shared = SHARED.get(base) ?? [];
  const without = shared.filter(({ option }) => !options.some(({ name }) => name === option.name));
  const defaults = shared
    .filter(
      ({ option }) => isShared(entry, option) && options.some(({ declaration }) => declaration === option.declaration),
    )
    .filter(({ option }) => sharedDefault(base, option) === undefined)
    .map(({ option }) => `\`${option.name}: ${defaultText(option, schemaIn(entry, option)).replaceAll("`", "")}\``);
  const rest = [
    ...(without.length > 0 ? [`except ${listed(without.map(({ option }) => `\`${option.name}\``))}`] : []),
    ...(defaults.length > 0 ? [`by default with ${listed(defaults)}`] : []),
  ];
  return [
    `Options (\`${optionsType}\`): ${[`those of ${link(BASES[base] ?? base, `${base === "Container" ? "`Container`" : "every database"}`)}`, ...rest].join(", ")}; and its own:`,
  ];
}

const memberList = (symbol: ts.Symbol) => {
  const members = documentedMembers(symbol).map(
    ({ name, docstring: { text, errors } }) =>
      `- \`${name}\`: ${text.replace(/\s*\n\s*/g, " ")}${errors ? ` Throws ${errors}` : ""}`,
  );
  return members.length === 0 ? [] : ["Members:", members.join("\n")];
};

const says = ({ text, example, errors, parameters }: Docstring) => [
  paragraphs(text),
  ...(parameters.length > 0
    ? [parameters.map(({ name, text }) => `- \`${name}\`: ${paragraphs(text)}`).join("\n")]
    : []),
  ...(example ? [`\`\`\`ts\n${example}\n\`\`\``] : []),
  ...(errors ? [`Errors: ${errors}`] : []),
];

interface Section {
  title: string;
  parts: string[];
}

function sectionOf(name: string, symbol: ts.Symbol): Section {
  if (isType(symbol)) return typeSection(name, symbol);
  const entry = ENTRIES.find((each) => each.name === name) as Entry;
  const options =
    name in BASES
      ? sharedTable(name)
      : optionTable(ownOptions(entry).flatMap((option) => rowsOf(option, schemaIn(entry, option))));
  return {
    title: name,
    parts: [
      ...says(entry.docstring),
      ...(entry.options.length > 0 ? beside(entry) : []),
      ...options,
      ...memberList(symbol),
    ],
  };
}

function typeSection(name: string, symbol: ts.Symbol): Section {
  const literals = literalsOf(symbol);
  const rows = interfaceMembers(symbol)
    .filter(({ docstring }) => !docstring?.internal)
    .map((member) => {
      const byDefault = member.docstring?.byDefault === undefined ? "" : ` Default: ${defaultText(member, undefined)}.`;
      const text = `${member.docstring?.text ?? ""}${byDefault}`.trim();
      return [`\`${member.name}${member.optional ? "?" : ""}\``, `\`${typeOf(member)}\``, text];
    });
  return {
    title: name,
    parts: [
      ...says(documented(name, declarationOf(symbol))),
      ...(rows.length > 0 ? [table(["member", "type", ""], rows)] : []),
      ...(literals ? [`Values: \`${literals}\`.`] : []),
    ],
  };
}

/** A section for what the components that extend a class share. */
function baseSection(base: string): Section {
  const symbol = FOR_COMPONENTS.get(base) as ts.Symbol;
  return {
    title: BASES[base] as string,
    parts: [...says(documented(base, declarationOf(symbol))), ...sharedTable(base), ...memberList(symbol)],
  };
}

/** Types of arguments are shown as the options that they are. */
const ofOptions = (name: string) => ENTRIES.some(({ optionsType }) => optionsType === name);

const chapters = Object.entries(CHAPTERS).map(([folder, title]) => {
  const bases = Object.keys(BASES).filter(
    (base) =>
      !PUBLIC.has(base) && childrenOf(base).some(({ symbol }) => placeOf(declarationOf(symbol)).startsWith(folder)),
  );
  const own = [...PUBLIC].filter(
    ([name, symbol]) => placeOf(declarationOf(symbol)).startsWith(`${folder}/`) && !ofOptions(name),
  );
  // First what a program makes.
  const rank = ([name, symbol]: [string, ts.Symbol]) =>
    [name in BASES, isComponent(symbol), !isClass(symbol) && !isType(symbol), true].indexOf(true);
  return {
    title,
    intro: "",
    sections: [
      ...bases.map(baseSection),
      ...own.sort((one, other) => rank(one) - rank(other)).map(([name, symbol]) => sectionOf(name, symbol)),
    ],
  };
});

const setChapter = {
  title: "Options within options",
  intro: "",
  sections: [...SETS.values()].map(({ option, entry }): Section => {
    const schema = schemaOf(option);
    const text = schema && docstringOf(declarationOf(schema))?.text;
    return {
      title: option.name,
      parts: [
        ...(text ? [paragraphs(text)] : []),
        ...optionTable(rowsWithin(option, schemaIn(entry, option), option.name)),
      ],
    };
  }),
};

/** An export in a line of a list, with how it is called. */
function lineOf(name: string, symbol: ts.Symbol): string {
  const call = callOf(symbol);
  const called = call ? `${isClass(symbol) ? "new " : ""}${name}(${parametersOf(call).join(", ")})` : name;
  const { text, errors } = documented(name, declarationOf(symbol));
  return `- \`${called}\`: ${paragraphs(text).replace(/\n+/g, "\n  ")}${errors ? ` Throws ${errors}` : ""}`;
}

const hasMembers = ([, symbol]: [string, ts.Symbol]) => interfaceMembers(symbol).length > 0;
const ownChapter = {
  title: OWN_COMPONENTS,
  intro: [...FOR_COMPONENTS]
    .filter((each) => !hasMembers(each))
    .map(([name, symbol]) => lineOf(name, symbol))
    .join("\n"),
  sections: [...FOR_COMPONENTS].filter(hasMembers).map(([name, symbol]) => typeSection(name, symbol)),
};

const ALL = [...chapters, setChapter, ownChapter].filter(({ sections }) => sections.length > 0);

/** The headings of the page, which its links lead to. */
export const HEADINGS = ALL.flatMap(({ title, sections }) => [title, ...sections.map((each) => each.title)]);

const INTRO = [
  "What `components/index.ts` exports, and for components of your own `components/core/index.ts`; made of their types, schemas and",
  "docstrings. A component is made with a name, its options, and Pulumi's resource options where it needs any. In the tables,",
  "`ports.*.port` is an option of each entry by name, `sql[].file` one of each entry of a list, and `NAME → VALUE` means values by",
  "name. What can be set by configuration is in [settings.md](settings.md).",
].join("\n");

/** The page. */
export const REFERENCE = `${[
  "# Reference",
  INTRO,
  ALL.map(({ title, sections }) => `- ${link(title)}: ${sections.map((each) => link(each.title)).join(", ")}`).join(
    "\n",
  ),
  ...ALL.flatMap(({ title, intro, sections }) => [
    `## ${title}`,
    ...(intro ? [intro] : []),
    ...sections.flatMap((each) => [`### ${each.title}`, ...each.parts]),
  ]),
].join("\n\n")}\n`;
