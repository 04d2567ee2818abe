import { globSync } from "node:fs";
import { relative } from "node:path";
import ts from "typescript";

// The library's types and docstrings, as TypeScript's compiler knows them.

/** What a docstring says. */
export interface Docstring {
  /** Without tags, as it is written. */
  text: string;
  /** What stands after `@default`. */
  byDefault?: string;
  /** What stands after `@throws`. */
  errors?: string;
  example?: string;
  /** What stands after each `@param`. */
  parameters: { name: string; text: string }[];
  /** Whether it is meant for the library alone: `@internal`. */
  internal: boolean;
}

/** An option of a component, or a member of an interface. */
export interface Member {
  name: string;
  docstring: Docstring | undefined;
  optional: boolean;
  type: ts.Type;
  declaration: ts.Node;
  /** What can be set within it, by where that is: `.size`, `[].file` in a list, `.*.port` by name. */
  within: Within[];
}

/** One form of the objects that a value is, or has in it. */
export interface Within {
  /** `[]` for an entry of a list, `.*` for one by name, in the order in which they are written. */
  steps: ("[]" | ".*")[];
  members: Member[];
}

const FILES = [
  "components/index.ts",
  "components/core/index.ts",
  "components/program/common-settings.ts",
  ...globSync("stacks/**/*.ts"),
];
const parsed = ts.parseJsonConfigFileContent(ts.readConfigFile("tsconfig.json", ts.sys.readFile).config, ts.sys, ".");
const program = ts.createProgram(FILES, parsed.options);
const checker = program.getTypeChecker();

/** @returns what a file exports, in the order in which it is written, each as it is declared. */
export function exportsOf(path: string): Map<string, ts.Symbol> {
  const file = program.getSourceFile(path);
  const module = file && checker.getSymbolAtLocation(file);
  if (!module) throw new Error(`${path} exports nothing`);
  return new Map(checker.getExportsOfModule(module).map((each) => [each.name, declared(each)]));
}

const declared = (symbol: ts.Symbol) =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

/** @returns the declaration that has the docstring, if one has. */
export const declarationOf = (symbol: ts.Symbol): ts.Node => {
  const [first, ...others] = symbol.declarations ?? [];
  if (!first) throw new Error(`${symbol.name} has no declaration`);
  return [first, ...others].find((each) => docstringOf(each)) ?? first;
};

/** @returns where a declaration is, relative to the top. */
export const placeOf = (declaration: ts.Node) => relative(".", declaration.getSourceFile().fileName);

/** @returns the docstring beside a declaration itself, not one that it inherits. */
export function docstringOf(declaration: ts.Node): Docstring | undefined {
  const doc = ts.getJSDocCommentsAndTags(declaration).findLast(ts.isJSDoc);
  if (!doc) return undefined;
  const textOf = (comment: ts.JSDoc["comment"]) => (ts.getTextOfJSDocComment(comment) ?? "").trim();
  const tagged = (name: string) => {
    const tag = doc.tags?.find(({ tagName }) => tagName.text === name);
    return tag && textOf(tag.comment);
  };
  const found = { byDefault: tagged("default"), errors: throws(doc), example: tagged("example") };
  return {
    text: textOf(doc.comment),
    internal: tagged("internal") !== undefined,
    parameters: (doc.tags ?? []).flatMap((tag) =>
      ts.isJSDocParameterTag(tag) ? { name: tag.name.getText(), text: textOf(tag.comment) } : [],
    ),
    ...Object.fromEntries(Object.entries(found).filter(([, text]) => text !== undefined)),
  };
}

/** The compiler takes the first word for a type, which it is, and leaves it out of the comment. */
function throws(doc: ts.JSDoc): string | undefined {
  const tag = doc.tags?.find(({ tagName }) => tagName.text === "throws");
  return tag
    ?.getText()
    .replace(/^@throws\s+/, "")
    .replace(/\s*\n\s*\*?\s*/g, " ")
    .trim();
}

/** Whether it is a class, of which a program makes components or errors. */
export const isClass = (symbol: ts.Symbol) => (symbol.flags & ts.SymbolFlags.Class) !== 0;

/** Whether it is there for the compiler only. */
export const isType = (symbol: ts.Symbol) => (symbol.flags & ts.SymbolFlags.Value) === 0;

/** @returns the names of a function's parameters, or of what a class is made with. */
export const parametersOf = (signature: ts.Signature | undefined) =>
  (signature?.parameters ?? []).map(({ name }) => (name.startsWith("__") ? "{ … }" : name));

/** @returns how a value is called: a function, a class by `new`, or by one of its own functions. */
export function callOf(symbol: ts.Symbol, by?: string): ts.Signature | undefined {
  if (isType(symbol)) return undefined;
  const own = by === undefined ? undefined : checker.getTypeOfSymbol(symbol).getProperty(by);
  const type = checker.getTypeOfSymbol(own ?? symbol);
  return [...type.getCallSignatures(), ...type.getConstructSignatures()][0];
}

/** @returns the members of a parameter's type. */
export function optionsOf(signature: ts.Signature | undefined, parameter: string): Member[] {
  const found = signature?.parameters.find(({ name }) => name === parameter);
  return found ? membersOf(checker.getTypeOfSymbol(found)) : [];
}

/** @returns the name of a parameter's type as it is written there. */
export function writtenType(signature: ts.Signature | undefined, parameter: string): string | undefined {
  const found = signature?.parameters.find(({ name }) => name === parameter);
  const declaration = found?.valueDeclaration;
  return declaration && ts.isParameter(declaration) ? declaration.type?.getText() : undefined;
}

/** @returns a type as TypeScript writes it, without `undefined`. */
export const textOf = (type: ts.Type) =>
  checker.typeToString(checker.getNonNullableType(type), undefined, ts.TypeFormatFlags.NoTruncation);

/** @returns a member's type: as its declaration has it, where TypeScript's own words for it are longer than a line of a table. */
export function typeOf({ type, declaration }: Member): string {
  const text = textOf(type);
  const written = ts.isPropertySignature(declaration) ? declaration.type?.getText().replace(/\s+/g, " ") : undefined;
  return text.length > 80 && written && written.length < text.length ? written : text;
}

/** @returns the texts that a type consists of: `"dev" | "prod"`; nothing for another type. */
export function literalsOf(symbol: ts.Symbol): string | undefined {
  const type = checker.getDeclaredTypeOfSymbol(symbol);
  const all = type.isUnion() && type.types.every((each) => each.isStringLiteral()) ? type.types : [];
  return all.length === 0 ? undefined : all.map(textOf).join(" | ");
}

/** @returns the options that a schema takes, or the one that a function returns. */
export function schemaMembers(symbol: ts.Symbol): Member[] {
  const schema = callOf(symbol)?.getReturnType() ?? checker.getTypeOfSymbol(symbol);
  const input = schema.getProperty("_input");
  return input ? membersOf(checker.getTypeOfSymbol(input)) : [];
}

/** @returns the members of an interface; none for another symbol. */
export const interfaceMembers = (symbol: ts.Symbol) =>
  symbol.flags & ts.SymbolFlags.Interface ? membersOf(checker.getDeclaredTypeOfSymbol(symbol)) : [];

function membersOf(type: ts.Type, depth = 0): Member[] {
  return checker.getPropertiesOfType(checker.getNonNullableType(type)).map((property) => {
    const declaration = declarationOf(property);
    const of = checker.getTypeOfSymbol(property);
    return {
      name: property.name,
      docstring: docstringOf(declaration),
      optional: (property.flags & ts.SymbolFlags.Optional) !== 0,
      type: of,
      declaration,
      within: depth > 2 ? [] : withinType(of, depth),
    };
  });
}

/** Only of options, which zod's schemas declare by assignments: not what classes and interfaces have. */
function withinType(type: ts.Type, depth: number, steps: Within["steps"] = []): Within[] {
  if (steps.length > 2) return [];
  const forms = type.isUnion() ? type.types : [type];
  return forms.flatMap((form) => {
    if (!(form.flags & ts.TypeFlags.Object)) return [];
    const [element] = checker.isArrayType(form) ? checker.getTypeArguments(form as ts.TypeReference) : [];
    if (element) return withinType(element, depth, [...steps, "[]"]);
    const byName = checker.getIndexTypeOfType(form, ts.IndexKind.String);
    if (byName) return withinType(byName, depth, [...steps, ".*"]);
    const properties = checker.getPropertiesOfType(form);
    const all = properties.length > 0 && properties.every((each) => each.declarations?.some(ts.isPropertyAssignment));
    return all ? [{ steps, members: membersOf(form, depth + 1) }] : [];
  });
}

/** @returns the members of a class that have a docstring of their own there, without those for the library alone. */
export function documentedMembers(symbol: ts.Symbol): { name: string; docstring: Docstring }[] {
  const { members = [] } = symbol.declarations?.find(ts.isClassDeclaration) ?? {};
  return members.flatMap((member) => {
    const docstring = docstringOf(member);
    if (!docstring || docstring.internal || !member.name || ts.isPrivateIdentifier(member.name)) return [];
    const isStatic = ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Static;
    const call = ts.isMethodDeclaration(member)
      ? `(${member.parameters.map(({ name }) => name.getText()).join(", ")})`
      : "";
    return [{ name: `${isStatic ? `${symbol.name}.` : ""}${member.name.getText()}${call}`, docstring }];
  });
}

/** @returns the class that a class extends. */
export function baseOf(symbol: ts.Symbol): ts.Symbol | undefined {
  const heritage = symbol.declarations?.find(ts.isClassDeclaration)?.heritageClauses ?? [];
  const [base] = heritage.find(({ token }) => token === ts.SyntaxKind.ExtendsKeyword)?.types ?? [];
  const found = base && checker.getSymbolAtLocation(base.expression);
  return found && declared(found);
}

/** @returns what an option's schema begins with: `Build` in `build: Build.optional()`. */
export function schemaOf({ declaration }: Member): ts.Symbol | undefined {
  let at: ts.Node = ts.isPropertyAssignment(declaration) ? declaration.initializer : declaration;
  while (ts.isCallExpression(at) || ts.isPropertyAccessExpression(at)) at = at.expression;
  const found = ts.isIdentifier(at) ? checker.getSymbolAtLocation(at) : undefined;
  return found && declared(found);
}
