import * as pulumi from "@pulumi/pulumi";
import { expect, vi } from "vitest";
import { z } from "zod";
import { faultsOf } from "../../../components/core/support/args.ts";

// What a value should be, in the words of the error for a wrong one.

const ARGS = "../../../components/core/support/args.ts";

/** The schema of each component's arguments, by its name. It has to be called before anything else loads a component. */
export async function argumentSchemas(): Promise<Map<string, z.ZodType>> {
  const schemas = new Map<string, z.ZodType>();
  const args = await vi.importActual<typeof import("../../../components/core/support/args.ts")>(ARGS);
  const parseArgs = (schema: z.ZodType, kind: string, ...rest: [string, unknown]) => {
    schemas.set(kind, schema);
    return args.parseArgs(schema, kind, ...rest);
  };
  vi.doMock(ARGS, () => ({ ...args, parseArgs }));
  const components = await import("../../../components/index.ts");
  for (const [name, component] of Object.entries(components)) {
    const isComponent = typeof component === "function" && component.prototype instanceof pulumi.ComponentResource;
    if (!isComponent || component === components.Platform) continue;
    const make = () => new (component as new (name: string, args: unknown) => unknown)("one", { nothing: 1 });
    expect(make, name).toThrow(components.ArgsError);
    expect([...schemas.keys()]).toContain(name);
  }
  return schemas;
}

/** @returns what a value should be, in the words of the error for a wrong one, be it of another type or out of range. */
export function ruleOf(schema: z.ZodType): string {
  const within = bare(schema);
  const { keyType, valueType, element } = within._zod.def as {
    keyType?: z.ZodType;
    valueType?: z.ZodType;
    element?: z.ZodType;
  };
  if (keyType && valueType) return `${ruleOf(keyType)} → ${ruleOf(valueType)}`;
  if (element) return `a list, each ${ruleOf(element)}`;
  const rules = [Symbol("another type"), -1.5, "\n"].flatMap((setting) => {
    const { error } = z.strictObject({ setting: schema }).safeParse({ setting });
    const fault = error ? faultsOf(error, { setting })[0] : undefined;
    return /^setting: should be (.*), got /s.exec(fault ?? "")?.[1] ?? [];
  });
  const rule = rules.find((rule) => !["a text", "a number"].includes(rule)) ?? rules[0] ?? "";
  return rule.replace(/^one of ([^,]+)$/, "$1");
}

/** @returns a schema without its default, and without what is done with a value after it. */
function bare(schema: z.ZodType): z.ZodType {
  const { innerType, in: before } = schema._zod.def as { innerType?: z.ZodType; in?: z.ZodType };
  const within = innerType ?? before;
  return within ? bare(within) : schema;
}

/** @returns the value that a schema has by default. */
export const defaultOf = (schema: z.ZodType): unknown => schema.safeParse(undefined).data;

/** @returns the schemas of one kind that a schema is made of, without going into lists and objects. */
export function ofKind<Kind extends z.ZodType>(
  schema: z.ZodType,
  kind: abstract new (...args: never[]) => Kind,
): Kind[] {
  const within = bare(schema);
  if (within instanceof kind) return [within];
  const { options = [] } = within._zod.def as { options?: z.ZodType[] };
  return options.flatMap((each) => ofKind(each, kind));
}

/** @returns the schema of each entry of a list, or of each value by name. */
export function entriesOf(schema: z.ZodType, step: "[]" | ".*"): z.ZodType[] {
  return step === "[]"
    ? ofKind(schema, z.ZodArray).map(({ element }) => element as z.ZodType)
    : ofKind(schema, z.ZodRecord).map(({ valueType }) => valueType as z.ZodType);
}

/** @returns the schema of one option of a set. @param keys of all of its options. */
export function partOf(schema: z.ZodType, keys: readonly string[], key: string): z.ZodType {
  const found = ofKind(schema, z.ZodObject).flatMap(({ shape }) => shape[key] ?? []);
  return found[0] ?? unseen(schema, keys, key);
}

/** The same where the schema is chosen by what a value looks like: it is asked for its faults in a value that has all keys. */
const unseen = (schema: z.ZodType, keys: readonly string[], key: string) =>
  z.unknown().superRefine((value, context) => {
    const all = { ...Object.fromEntries(keys.map((each) => [each, Symbol("another type")])), [key]: value };
    for (const issue of schema.safeParse(all).error?.issues ?? []) {
      const [first, ...path] = issue.path;
      if (first === key) context.issues.push({ ...issue, path, input: value } as (typeof context.issues)[number]);
    }
  });
