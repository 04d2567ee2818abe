import type ts from "typescript";
import { link, paragraphs, table } from "../helpers/markdown.ts";
import {
  callOf,
  type Docstring,
  declarationOf,
  docstringOf,
  documentedMembers,
  interfaceMembers,
  isClass,
  isType,
  literalsOf,
  type Member,
  parametersOf,
  placeOf,
  schemaOf,
  typeOf,
} from "../helpers/sources.ts";
import {
  BASES,
  documented,
  ENTRIES,
  type Entry,
  FOR_COMPONENTS,
  isComponent,
  ownOptions,
  PUBLIC,
  repeatedOptions,
} from "./reference-entries.ts";
import { defaultSentence, leadOf, optionTable, rowsOf, rowsWithin, sharedRows } from "./reference-options.ts";

// The text of docs/reference.md: all of it is the library's own types, schemas and docstrings, but for headings and the beginning.

const INTRO = [
  "What `components/index.ts` exports, and for components of your own `components/core/index.ts`; made of their types, schemas and",
  "docstrings. A component is made with a name, its options, and Pulumi's resource options where it needs any. In the tables,",
  "`ports.*.port` is an option of each entry by name, `sql[].file` one of each entry of a list, and `NAME → VALUE` means values by",
  "name. What can be set by configuration is in [settings.md](settings.md).",
].join("\n");

/** The chapters, by the folder in which their exports are declared. */
const CHAPTERS = {
  "components/core/": "Platform, volumes and connections",
  "components/databases/": "Databases",
  "components/jobs/": "Setup jobs",
  "components/app/": "Applications and other servers",
  "components/program/": "Stack programs",
};

interface Section {
  title: string;
  parts: string[];
}
interface Chapter {
  title: string;
  intro?: string;
  sections: Section[];
}

const inLine = (text: string) => text.replace(/\s*\n\s*/g, " ");
const thrown = ({ errors }: Docstring) => (errors ? ` Throws ${errors}` : "");

const textOf = ({ text, example, errors, parameters }: Docstring): string[] => [
  paragraphs(text),
  parameters.map(({ name, text }) => `- \`${name}\`: ${inLine(text)}`).join("\n"),
  example ? `\`\`\`ts\n${example}\n\`\`\`` : "",
  errors ? `Errors: ${errors}` : "",
];

function membersOf(symbol: ts.Symbol): string[] {
  const members = documentedMembers(symbol).map(
    ({ name, docstring }) => `- \`${name}\`: ${inLine(docstring.text)}${thrown(docstring)}`,
  );
  return members.length === 0 ? [] : ["Members:", members.join("\n")];
}

function entrySection(entry: Entry): Section {
  const { name, symbol, docstring, options } = entry;
  const rows = name in BASES ? sharedRows(name) : ownOptions(entry).flatMap((option) => rowsOf(option));
  const lead = options.length > 0 ? [leadOf(entry)] : [];
  return { title: name, parts: [...textOf(docstring), ...lead, ...optionTable(rows), ...membersOf(symbol)] };
}

/** A section for what the components that extend a class have in common. */
function baseSection(base: string): Section {
  const symbol = FOR_COMPONENTS.get(base) as ts.Symbol;
  const docstring = documented(base, declarationOf(symbol));
  return {
    title: BASES[base] as string,
    parts: [...textOf(docstring), ...optionTable(sharedRows(base)), ...membersOf(symbol)],
  };
}

/** What an engine is asked for has its descriptions where the name alone does not say it. */
const memberText = (of: string, { name, docstring, declaration }: Member) =>
  placeOf(declaration).startsWith("components/engines/")
    ? (docstring?.text ?? "")
    : documented(`${of}.${name}`, declaration).text;

function typeSection(title: string, symbol: ts.Symbol): Section {
  const literals = literalsOf(symbol);
  const rows = interfaceMembers(symbol)
    .filter(({ docstring }) => !docstring?.internal)
    .map((member) => [
      `\`${member.name}${member.optional ? "?" : ""}\``,
      `\`${typeOf(member)}\``,
      `${memberText(title, member)}${defaultSentence({ ...member, schema: undefined })}`.trim(),
    ]);
  return {
    title,
    parts: [
      ...textOf(documented(title, declarationOf(symbol))),
      ...(rows.length > 0 ? [table(["member", "type", ""], rows)] : []),
      ...(literals ? [`Values: \`${literals}\`.`] : []),
    ],
  };
}

/** What a program makes comes first, what only the compiler sees last. */
const rank = ([name, symbol]: [string, ts.Symbol]) =>
  [name in BASES, isComponent(symbol), !isClass(symbol) && !isType(symbol), true].indexOf(true);

const chapters = Object.entries(CHAPTERS).map(([folder, title]): Chapter => {
  const isHere = (symbol: ts.Symbol) => placeOf(declarationOf(symbol)).startsWith(folder);
  const bases = Object.keys(BASES).filter(
    (base) => !PUBLIC.has(base) && ENTRIES.some((entry) => entry.base === base && isHere(entry.symbol)),
  );
  const own = [...PUBLIC]
    // A type of options is shown with what takes them.
    .filter(([name, symbol]) => isHere(symbol) && !ENTRIES.some(({ optionsType }) => optionsType === name))
    .sort((one, other) => rank(one) - rank(other))
    .map(([name, symbol]) => {
      const entry = ENTRIES.find((each) => each.name === name);
      return entry ? entrySection(entry) : typeSection(name, symbol);
    });
  return { title, sections: [...bases.map(baseSection), ...own] };
});

const withinOptions: Chapter = {
  title: "Options within options",
  sections: repeatedOptions().map((option) => {
    const schema = schemaOf(option);
    const text = (schema && docstringOf(declarationOf(schema))?.text) ?? "";
    return { title: option.name, parts: [paragraphs(text), ...optionTable(rowsWithin(option, option.name))] };
  }),
};

/** An export in a list, with how it is called. */
function lineOf(name: string, symbol: ts.Symbol): string {
  const call = callOf(symbol);
  const called = call ? `${isClass(symbol) ? "new " : ""}${name}(${parametersOf(call).join(", ")})` : name;
  const docstring = documented(name, declarationOf(symbol));
  return `- \`${called}\`: ${paragraphs(docstring.text).replace(/\n+/g, "\n  ")}${thrown(docstring)}`;
}

const hasMembers = ([, symbol]: [string, ts.Symbol]) => interfaceMembers(symbol).length > 0;
const ownComponents: Chapter = {
  title: "For components of your own",
  intro: [...FOR_COMPONENTS]
    .filter((each) => !hasMembers(each))
    .map(([name, symbol]) => lineOf(name, symbol))
    .join("\n"),
  sections: [...FOR_COMPONENTS].filter(hasMembers).map(([name, symbol]) => typeSection(name, symbol)),
};

const ALL = [...chapters, withinOptions, ownComponents];

/** Its headings, which its links lead to. */
export const HEADINGS = ALL.flatMap(({ title, sections }) => [title, ...sections.map((each) => each.title)]);

const contents = ALL.map(
  ({ title, sections }) => `- ${link(title)}: ${sections.map((each) => link(each.title)).join(", ")}`,
).join("\n");

const parts = ALL.flatMap(({ title, intro = "", sections }) => [
  `## ${title}`,
  intro,
  ...sections.flatMap((each) => [`### ${each.title}`, ...each.parts]),
]);

export const REFERENCE = `${["# Reference", INTRO, contents, ...parts].filter((part) => part !== "").join("\n\n")}\n`;
