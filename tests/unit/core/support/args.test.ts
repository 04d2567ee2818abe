import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  ArgsError,
  check,
  containerPath,
  count,
  cpus,
  faultsOf,
  hostPort,
  identifier,
  instance,
  matching,
  mebibytes,
  parseArgs,
  readOf,
  seconds,
  secretValue,
  variable,
} from "../../../../components/core/support/args.ts";

/** @returns the one fault of a value by a rule, without its path; undefined for a valid value. */
function fault(schema: z.ZodType, value: unknown): string | undefined {
  const { error } = z.strictObject({ it: schema }).safeParse({ it: value });
  if (!error) return undefined;
  const faults = faultsOf(error, { it: value });
  expect(faults).toHaveLength(1);
  return faults[0]?.replace(/^it: /, "");
}

const NOT_A_NUMBER = Number.NaN;

describe("the limits of each kind", () => {
  test.each<[string, z.ZodType, unknown[]]>([
    ["hostPort", hostPort(), [1, 65_535]],
    ["mebibytes", mebibytes(), [6, 512, 4 * 1024 * 1024]],
    ["mebibytes with a least of its own", mebibytes(1), [1]],
    ["seconds", seconds(), [1, 86_400]],
    ["count", count(1, 100), [1, 100]],
    ["cpus", cpus(), [0.1, 0.3, 0.5, 0.7, 1, 1.1, 2.9, 128]],
    ["identifier", identifier(), ["a", "_", "app_1", "a".repeat(63)]],
    ["variable", variable(), ["A", "_x", "PATH", "a1"]],
    ["containerPath", containerPath(), ["/a", "/var/lib/data", "/a b"]],
    ["matching", matching(/^x+$/, "some x"), ["x", "xx"]],
    ["secretValue of 8", secretValue(8), ["password", pulumi.output("p")]],
    ["secretValue", secretValue(), ["pass", "päß wörd", pulumi.output("p"), pulumi.secret("p")]],
    ["instance", instance(Map, "a Map"), [new Map()]],
  ])("%s takes", (_, schema, values) => {
    for (const value of values) expect([value, fault(schema, value)]).toEqual([value, undefined]);
  });

  const PORT = "should be 1 to 65535, got";
  const MIB = "should be whole MiB, 6 or more, got";
  const SECONDS = "should be whole seconds, 1 to 86400, got";
  const CPUS = "should be CPUs in tenths, 0.1 to 128, got";
  const IDENTIFIER = "should be 1 to 63 of a-z, 0-9 and _, no digit first, got";
  const VARIABLE = "should be a variable's name (letters, digits and _), got";
  const PATH = "should be an absolute path inside the container, got";
  const SECRET = "should be 4 characters or more, none a control character, got";
  test.each<[string, unknown, z.ZodType, string]>([
    ["hostPort", 0, hostPort(), `${PORT} 0`],
    ["hostPort", 65_536, hostPort(), `${PORT} 65536`],
    ["hostPort", 1.5, hostPort(), `${PORT} 1.5`],
    ["hostPort", -1, hostPort(), `${PORT} -1`],
    ["mebibytes", 5, mebibytes(), `${MIB} 5`],
    ["mebibytes", 6.5, mebibytes(), `${MIB} 6.5`],
    ["mebibytes", 6 * 1024 * 1024, mebibytes(), "should be MiB and not bytes, 4194304 (4 TiB) at most, got 6291456"],
    ["seconds", 0, seconds(), `${SECONDS} 0`],
    ["seconds", 86_401, seconds(), `${SECONDS} 86401`],
    ["count", 101, count(1, 100), "should be a whole number, 1 to 100, got 101"],
    ["cpus", 0, cpus(), `${CPUS} 0`],
    ["cpus", 0.05, cpus(), `${CPUS} 0.05`],
    ["cpus", 0.25, cpus(), `${CPUS} 0.25`],
    ["cpus", 128.1, cpus(), `${CPUS} 128.1`],
    ["identifier", "", identifier(), `${IDENTIFIER} ""`],
    ["identifier", "1a", identifier(), `${IDENTIFIER} "1a"`],
    ["identifier", "a-b", identifier(), `${IDENTIFIER} "a-b"`],
    ["identifier", "A", identifier(), `${IDENTIFIER} "A"`],
    ["identifier", "a\n", identifier(), `${IDENTIFIER} "a\\n"`],
    ["identifier", "a".repeat(64), identifier(), `${IDENTIFIER} "${"a".repeat(64)}"`],
    ["variable", "1A", variable(), `${VARIABLE} "1A"`],
    ["variable", "A=B", variable(), `${VARIABLE} "A=B"`],
    ["variable", "A\n", variable(), `${VARIABLE} "A\\n"`],
    ["containerPath", "data", containerPath(), `${PATH} "data"`],
    ["containerPath", "/", containerPath(), `${PATH} "/"`],
    ["containerPath", "/data/", containerPath(), `${PATH} "/data/"`],
    ["secretValue", "", secretValue(), `${SECRET} a value that is not shown`],
    ["secretValue", 12_345, secretValue(), `${SECRET} a value that is not shown`],
    ["secretValue", ["hunter2"], secretValue(), `${SECRET} a value that is not shown`],
    ["secretValue", undefined, secretValue(), `${SECRET} nothing`],
    ["secretValue", "abc", secretValue(), `${SECRET} a value that is not shown`],
    ["secretValue", "a\nbcd", secretValue(), `${SECRET} a value that is not shown`],
    ["secretValue of 8", "hunter2", secretValue(8), `${SECRET.replace("4", "8")} a value that is not shown`],
    ["instance", new Set(), instance(Map, "a Map"), "should be a Map, got a Set"],
    ["instance", undefined, instance(Map, "a Map"), "should be a Map, got nothing"],
    ["instance", null, instance(Map, "a Map"), "should be a Map, got null"],
  ])("%s refuses %j", (_, value, schema, expected) => {
    expect(fault(schema, value)).toBe(expected);
  });

  test.each<[string, z.ZodType, unknown, string]>([
    ["a text for a number", hostPort(), "5432", 'should be a number, got "5432"'],
    ["NaN", hostPort(), NOT_A_NUMBER, "should be a number, got NaN"],
    ["Infinity", seconds(), Number.POSITIVE_INFINITY, "should be a number, got Infinity"],
    ["a number for a text", identifier(), 1, "should be a text, got 1"],
    ["nothing", hostPort(), undefined, "should be a number, got nothing"],
    ["a text for true or false", z.boolean(), "yes", 'should be true or false, got "yes"'],
    ["a text for a list", z.array(z.string()), "a", 'should be a list, got "a"'],
    ["a list for options", z.strictObject({}), [], "should be a set of options, got a list"],
    ["a text for names with values", z.record(z.string(), z.string()), "a", 'should be names with values, got "a"'],
    ["none of some", z.enum(["dev", "prod"]), "test", 'should be one of dev, prod, got "test"'],
    ["an output", hostPort(), pulumi.output(1), "should be a number, got an output"],
    ["a long text", z.enum(["a"]), "x".repeat(100), `should be one of a, got "${"x".repeat(76)}…`],
    ["a text with control characters", z.enum(["a"]), "\u001b[31m", 'should be one of a, got "\\u001b[31m"'],
  ])("shows %s", (_, schema, value, expected) => {
    expect(fault(schema, value)).toBe(expected);
  });
});

describe("readOf", () => {
  test("says which argument cannot be read, and why", () => {
    const closed = Object.assign(new Error("EACCES: permission denied, scandir 'src/closed'"), {
      code: "EACCES",
      syscall: "scandir",
      path: "src/closed",
    });
    const read = () => {
      throw closed;
    };
    expect(() => readOf('Api "api"', "build.context", read)).toThrow(
      new ArgsError('Api "api" has bad arguments', [
        "build.context: should be readable, got src/closed: permission denied",
      ]),
    );
  });

  test("throws the program's own mistakes as they are", () => {
    expect(() => readOf("", "", () => (undefined as unknown as string).length)).toThrow(TypeError);
    expect(readOf("", "", () => 1)).toBe(1);
  });
});

describe("faultsOf", () => {
  const Nested = z.strictObject({
    list: z.array(z.strictObject({ port: hostPort() })),
    env: z.record(variable(), z.string("a text")),
  });

  test("names the path into lists and records", () => {
    const input = { list: [{ port: 1 }, { port: 0 }], env: { A: 1 } };
    const { error } = check(Nested, input);
    expect(faultsOf(error as z.ZodError, input)).toEqual([
      "list.1.port: should be 1 to 65535, got 0",
      "env.A: should be a text, got 1",
    ]);
  });

  test("names each unknown option by its path", () => {
    const input = { list: [{ port: 1, prot: 2 }], env: {}, tyop: 1, more: 2 };
    const { error } = check(Nested, input);
    expect(faultsOf(error as z.ZodError, input)).toEqual([
      "list.0.prot: should not be there; the options are port",
      "tyop: should not be there; the options are list, env",
      "more: should not be there; the options are list, env",
    ]);
  });

  test("names a key that breaks the rule for keys", () => {
    const input = { list: [], env: { "1A": "x" } };
    const { error } = check(Nested, input);
    expect(faultsOf(error as z.ZodError, input)).toEqual([
      'env.1A: should be a variable\'s name (letters, digits and _), got "1A"',
    ]);
  });

  test("says what the arguments as a whole should be", () => {
    const { error } = Nested.safeParse("x");
    expect(faultsOf(error as z.ZodError, "x")).toEqual(['arguments: should be a set of options, got "x"']);
  });
});

describe("parseArgs", () => {
  const Args = z.strictObject({ port: hostPort().default(80), password: secretValue().optional() });

  test("fills in the defaults", () => {
    expect(parseArgs(Args, "Thing", "one", {})).toEqual({ port: 80 });
  });

  test("does not change an output", () => {
    const password = pulumi.secret("hunter2");
    expect(parseArgs(Args, "Thing", "one", { password }).password).toBe(password);
  });

  test.each(["a", "a1", "my-database", `a${"b".repeat(39)}`])("takes the name %s", (name) => {
    expect(parseArgs(Args, "Thing", name, { port: 1 })).toEqual({ port: 1 });
  });

  test.each(["", "A", "1a", "a_b", "a b", "-a", "a.b", "a\n", `a${"b".repeat(40)}`])("refuses the name %j", (name) => {
    expect(() => parseArgs(Args, "Thing", name, {})).toThrow(
      new ArgsError(`Thing "${name}" has bad arguments`, [
        `name: should be 1 to 40 of a-z, 0-9 and -, a letter first, got ${JSON.stringify(name)}`,
      ]),
    );
  });

  test("reports all faults at once, the name's first", () => {
    const args = { port: 0, tyop: 1, password: 7 } as unknown as z.input<typeof Args>;
    expect(() => parseArgs(Args, "Thing", "One", args)).toThrow(
      new ArgsError('Thing "One" has bad arguments', [
        'name: should be 1 to 40 of a-z, 0-9 and -, a letter first, got "One"',
        "port: should be 1 to 65535, got 0",
        "password: should be 4 characters or more, none a control character, got a value that is not shown",
        "tyop: should not be there; the options are port, password",
      ]),
    );
  });

  test.each([undefined, null])("refuses %s for arguments", (args) => {
    expect(() => parseArgs(Args, "Thing", "one", args as never)).toThrow(
      new ArgsError('Thing "one" has bad arguments', [
        `arguments: should be a set of options, got ${args === null ? "null" : "nothing"}`,
      ]),
    );
  });
});

describe("ArgsError", () => {
  test("has one line per fault below its subject", () => {
    expect(new ArgsError('Thing "one" has bad arguments', ["a: b", "c: d"]).message).toBe(
      'Thing "one" has bad arguments\n  a: b\n  c: d',
    );
  });

  test("is shown by Pulumi without a stack trace", () => {
    expect(pulumi.RunError.isInstance(new ArgsError("x", []))).toBe(true);
  });
});
