import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import type { z } from "zod";
import { check, faultsOf } from "../../components/core/support/args.ts";
import { commonSettings } from "../../components/program/common-settings.ts";
import { loadProgram, programsIn } from "../../components/program/program.ts";
import { argumentSchemas } from "./helpers/rules.ts";

// Whatever is wrong with an argument or a setting, it is said in our words: what it should be, and what it is.

const SCHEMAS = await argumentSchemas();
const PROGRAMS = [...programsIn("stacks").keys()];

const BAD: unknown[] = [
  ...[null, true, 0, -1, 1.5, 1e12, Number.NaN, "", " ", "x", "A b", "\n", "ü", "/", "x".repeat(300)],
  ...[[], [1], [null], [[]], ["", ""], {}, { a: 1 }, { "A b": {} }, { "": null }, { x: { y: 1 } }],
  ...[new Date(0), new Map(), () => 1, Symbol("x"), 1n, pulumi.output(1)],
];
const KEYS = ["a", "aaa", "A", "x_1", "A b", ""];

/** Values that are wrong, and some that are right: in itself, and at each place within. */
function tried(schema: z.core.$ZodType, depth = 0): unknown[] {
  const def = schema._zod.def as unknown as Record<string, z.core.$ZodType> & {
    shape: Record<string, z.core.$ZodType>;
  };
  if (depth > 4) return BAD;
  const { innerType, in: before, out, element, valueType, shape } = def;
  if (innerType) return tried(innerType, depth);
  const within = (at: z.core.$ZodType | undefined, wrap: (value: unknown) => unknown) =>
    at ? tried(at, depth + 1).map(wrap) : [];
  return [
    ...BAD,
    ...[before, out].flatMap((each) => (each ? tried(each, depth) : [])),
    ...within(element, (value) => [value]),
    ...KEYS.flatMap((key) => within(valueType, (value) => ({ [key]: value }))),
    ...Object.entries(shape ?? {}).flatMap(([key, each]) => within(each, (value) => ({ [key]: value }))),
  ];
}

const OURS = /^[^\n]+: should (be .+, got .+|not be there(; .+)?)$/s;
const THEIRS = /invalid|expected|received|\[object|too (small|big)|unrecognized|undefined|must |\bzod\b/i;

function expectOurs(schema: z.ZodType): void {
  const faults = tried(schema).flatMap((value) => {
    const { error } = check(schema, value);
    return error ? faultsOf(error, value) : [];
  });
  expect(faults.length).toBeGreaterThan(BAD.length);
  const theirs = faults.filter((fault) => !OURS.test(fault) || THEIRS.test(fault.replace(/got .*/s, "")));
  // Where it is what is in it that is wrong, that is said.
  const vague = faults.filter((fault) => /at least|different/.test(fault) && /got (an object|a list)$/.test(fault));
  expect([...new Set([...theirs, ...vague])]).toEqual([]);
}

test("there are components", () => expect(SCHEMAS.size).toBeGreaterThanOrEqual(13));

describe("in our words", () => {
  test.each([...SCHEMAS])("arguments of %s", (_, schema) => expectOurs(schema));

  test("settings of every program", () => expectOurs(commonSettings(PROGRAMS)));

  test.each(PROGRAMS)("settings of %s", async (name) => expectOurs((await loadProgram("stacks", name)).settings));
});
