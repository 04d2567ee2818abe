import type ts from "typescript";
import type { z } from "zod";
import { argumentSchemas } from "../helpers/rules.ts";
import {
  baseOf,
  callOf,
  type Docstring,
  declarationOf,
  docstringOf,
  exportsOf,
  isClass,
  isType,
  type Member,
  optionsOf,
  placeOf,
  writtenType,
} from "../helpers/sources.ts";

// What docs/reference.md is about: what the library exports, and which options its components have in common.

export const PUBLIC = exportsOf("components/index.ts");
/** Those that are not in `components/index.ts` as well. */
export const FOR_COMPONENTS = new Map([...exportsOf("components/core/index.ts")].filter(([name]) => !PUBLIC.has(name)));

/** Classes that others extend, and the heading of what these have in common. */
export const BASES: Record<string, string> = {
  Database: "Every database",
  Setup: "Every setup job",
  Container: "Container",
  SetupJob: "SetupJob",
};

export interface Option extends Member {
  /** Undefined where only the compiler checks it. */
  schema: z.ZodType | undefined;
}

/** What can be called or made: a component, or a function. */
export interface Entry {
  name: string;
  symbol: ts.Symbol;
  docstring: Docstring;
  options: Option[];
  /** The name of the options' type. */
  optionsType: string | undefined;
  /** The one of `BASES` that it extends. */
  base: string | undefined;
}

/** What has no docstring, or one with a wrong default. */
export const FAULTS = new Set<string>();

export function documented(name: string, declaration: ts.Node): Docstring {
  const docstring = docstringOf(declaration);
  if (docstring?.text) return docstring;
  FAULTS.add(`${name} in ${placeOf(declaration)} has no docstring`);
  return { text: "", internal: false, parameters: [], ...docstring };
}

const SCHEMAS = await argumentSchemas();
SCHEMAS.set("external", (await import("../../../components/core/external.ts")).ExternalService);
SCHEMAS.set("Platform", (await import("../../../components/core/support/platform-settings.ts")).PlatformSettings);

function entryOf(name: string, symbol: ts.Symbol): Entry {
  // A platform is made by a function of its class.
  const call = callOf(symbol, name === "Platform" ? "connect" : undefined);
  const { shape = {} } = (SCHEMAS.get(name) ?? {}) as Partial<z.ZodObject>;
  const places = Object.keys(shape);
  return {
    name,
    symbol,
    docstring: documented(name, declarationOf(symbol)),
    options: optionsOf(call, "args")
      .map((member) => ({ ...member, schema: shape[member.name] as z.ZodType | undefined }))
      .sort((one, other) => places.indexOf(one.name) - places.indexOf(other.name))
      .sort((one, other) => Number(one.optional) - Number(other.optional)),
    optionsType: writtenType(call, "args"),
    base: basesOf(symbol).find((base) => base in BASES),
  };
}

function basesOf(symbol: ts.Symbol): string[] {
  const base = isClass(symbol) ? baseOf(symbol) : undefined;
  return base ? [base.name, ...basesOf(base)] : [];
}

export const isComponent = (symbol: ts.Symbol) => basesOf(symbol).includes("ComponentResource");

export const ENTRIES = [...PUBLIC]
  .filter(([, symbol]) => !isType(symbol))
  .map(([name, symbol]) => entryOf(name, symbol));

const optionsBelow = (base: string) =>
  ENTRIES.filter((entry) => entry.name === base || entry.base === base).flatMap(({ options }) => options);
const declaredWith = (option: Member) => (other: Member) => other.declaration === option.declaration;

/** For each base class, the options that its components have in common: those that several of them declare at one place. */
const SHARED = new Map(
  Object.keys(BASES).map((base) => {
    const all = optionsBelow(base);
    const own = ENTRIES.find(({ name }) => name === base)?.options;
    const shared = own ?? all.filter((option) => all.filter(declaredWith(option)).length > 1);
    return [base, [...new Map(shared.map((option) => [option.declaration, option])).values()]] as const;
  }),
);

export const sharedOptions = (base: string | undefined): readonly Option[] => SHARED.get(base ?? "") ?? [];

/** The same option of each component that extends a class. */
export const everywhere = (base: string, option: Option) => optionsBelow(base).filter(declaredWith(option));

/** The options of a component that others do not have. */
export const ownOptions = ({ options, base }: Entry) =>
  options.filter((option) => !sharedOptions(base).some(declaredWith(option)));

/** The options within an option, by their places in the sources. */
const setOf = ({ within }: Member) =>
  within
    .flatMap(({ members }) => members.map(({ declaration }) => `${placeOf(declaration)}:${declaration.pos}`))
    .join();

const shown = [
  ...Object.keys(BASES)
    .filter((base) => !PUBLIC.has(base))
    .flatMap(sharedOptions),
  ...ENTRIES.flatMap(ownOptions),
];

/** Options of which several components have the same options within, which are shown once, by these. */
const SETS = new Map(
  shown
    .map((option) => [setOf(option), option] as const)
    .filter(([set], at, all) => set !== "" && all.findIndex(([other]) => other === set) < at),
);

export const repeatedOptions = () => [...SETS.values()];
/** The one by which what is within an option is shown, unless that is shown with the option itself. */
export const shownBy = (option: Member) => SETS.get(setOf(option));
