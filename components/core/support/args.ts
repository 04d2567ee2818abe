import { accessSync, constants, type Stats, statSync } from "node:fs";
import { Output, RunError } from "@pulumi/pulumi";
import { z } from "zod";
import { isPool, POOL_RULE } from "../../engines/subnets.ts";
import { shapeOf, unknownOption } from "./hints.ts";

/** All faults of a component's arguments, or of the configuration, in one error. Pulumi shows its message without a stack trace. */
export class ArgsError extends RunError {
  constructor(subject: string, faults: readonly string[]) {
    super([subject, ...faults.map((fault) => `  ${fault}`)].join("\n"));
  }
}

/** Name of a component: part of labels, network aliases and file names. */
const NAME = /^[a-z][a-z0-9-]{0,39}$/;

/** Names that every container's own /etc/hosts has: a service of such a name could not be reached. */
const OWN_NAMES = /^(localhost|ip6-(localhost|loopback|localnet|mcastprefix|allnodes|allrouters))$/;

/**
 * Checks a component's name and arguments before anything is registered, and fills in the defaults.
 *
 * @param kind the component's class name, for the message.
 * @throws ArgsError with one line `path: should be RULE, got VALUE` per fault.
 */
export function parseArgs<Schema extends z.ZodType>(
  schema: Schema,
  kind: string,
  name: string,
  args: z.input<Schema>,
): z.output<Schema> {
  const rule = !NAME.test(name)
    ? "1 to 40 of a-z, 0-9 and -, a letter first"
    : OWN_NAMES.test(name)
      ? "another name, because in every container this one is the container itself or an address of its network"
      : undefined;
  const faults = rule === undefined ? [] : [`name: should be ${rule}, got ${shown(name)}`];
  const parsed = check(schema, args);
  if (!parsed.success) faults.push(...faultsOf(parsed.error, args));
  if (faults.length > 0) throw new ArgsError(`${kind} "${name}" has bad arguments`, faults);
  return parsed.data as z.output<Schema>;
}

const KNOWN = "known";
/** The message of an issue with unknown keys that says which ones are known. */
export const known = (options: readonly string[]) => [KNOWN, ...options].join(" ");

/**
 * Checks a value as `safeParse` does, so that `faultsOf` can say which options there are where one is unknown.
 *
 * @param more options that are known beside those of the schema itself. @default []
 */
export const check = <Schema extends z.ZodType>(schema: Schema, value: unknown, more: readonly string[] = []) =>
  schema.safeParse(value, {
    error({ code, inst, path = [] }) {
      if (code !== "unrecognized_keys") return undefined;
      const own = Object.keys((inst as z.ZodObject | undefined)?.shape ?? {});
      return known([...own, ...(path.length === 0 ? more : [])]);
    },
  });

/** One line `path: should be RULE, got VALUE` per fault, or `path: SENTENCE`, in the order of the schema. */
export function faultsOf(error: z.ZodError, input: unknown): string[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      const [kind, ...options] = issue.message.split(" ");
      return issue.keys.map(
        (key) => `${placeOf([...issue.path, key])}: ${unknownOption(key, kind === KNOWN ? options : [])}`,
      );
    }
    if (issue.message.startsWith(SENTENCE)) return [`${placeOf(issue.path)}: ${issue.message.slice(SENTENCE.length)}`];
    if (issue.code === "invalid_key") {
      const rule = issue.issues[0]?.message ?? issue.message;
      return [`${placeOf(issue.path)}: should be ${rule}, got ${shown(issue.path.at(-1))}`];
    }
    const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], input);
    const shape = issue.code === "invalid_type" ? shapeOf(issue.path, value) : undefined;
    const rule = shape === undefined ? ruleOf(issue) : `${ruleOf(issue)}, as ${shape}`;
    return [`${placeOf(issue.path)}: should be ${rule}, got ${shown(value, issue)}`];
  });
}

/** The path by keys, with quotes around a key that could not be recognised without. */
const placeOf = (path: readonly PropertyKey[]) =>
  path.map((key) => (/^[^"\p{Cc}]+$/u.test(String(key)) ? String(key) : JSON.stringify(String(key)))).join(".") ||
  "arguments";

const SENTENCE = "sentence ";
/** A message that is a whole sentence, and not a rule for one value: for example about two options. */
export const sentence = (text: string) => `${SENTENCE}${text}`;

const SECRET = "secret ";
const SECRET_FIRST = new RegExp(`^${SECRET}`);
/** A rule whose value no message shows, because it may be secret. */
export const unshown = (rule: string) => `${SECRET}${rule}`;

const TYPES: Record<string, string> = {
  string: "a text",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a set of options",
  record: "names with values",
};

function ruleOf(issue: z.core.$ZodIssue): string {
  // zod's own message, where the schema has none.
  const own = /^(Invalid|Too small|Too big)/.test(issue.message) ? undefined : issue.message.replace(SECRET_FIRST, "");
  switch (issue.code) {
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "invalid_type":
      return TYPES[issue.expected] ?? own ?? `a ${issue.expected}`;
    case "invalid_union":
      return own ?? [...new Set(issue.errors.flat().map(ruleOf))].join(" or ");
    case "too_small":
      return own ?? `${issue.minimum} or more`;
    case "too_big":
      return own ?? `${issue.maximum} or less`;
    default:
      return own ?? "of another form";
  }
}

function shown(value: unknown, issue?: z.core.$ZodIssue): string {
  if (value === undefined) return "nothing";
  if (issue?.message.startsWith(SECRET)) return "a value that is not shown";
  if (Output.isInstance(value)) return "an output";
  // If the type is right, something inside of it is wrong.
  const inside = issue !== undefined && issue.code !== "invalid_type" && issue.code !== "invalid_union";
  if (Array.isArray(value)) return inside ? `[${list(value)}]` : "a list";
  if (typeof value === "object" && value !== null) {
    const type = Object.getPrototypeOf(value)?.constructor as { name: string } | undefined;
    if (type && type !== Object) return `${/^[AEIOU]/.test(type.name) ? "an" : "a"} ${type.name}`;
    const keys = list(Object.keys(value));
    return inside ? (keys === "" ? "{}" : `{ ${keys} }`) : "an object";
  }
  // JSON has no NaN.
  return short(
    typeof value === "string" ? JSON.stringify(value) : typeof value === "function" ? "a function" : String(value),
  );
}

const list = (values: readonly unknown[]) =>
  short(values.map((each) => (typeof each === "string" ? each : shown(each))).join(", "));
const short = (text: string) => (text.length > 80 ? `${text.slice(0, 77)}…` : text);

// The kinds of arguments, each with its rule in words. A message is what comes after "should be".

/** A whole number within limits. */
export const whole = (rule: string, least: number, most: number) =>
  z.number(rule).refine((n) => Number.isInteger(n) && n >= least && n <= most, rule);

/** A TCP port on the host. */
export const hostPort = () => whole("1 to 65535", 1, 65_535);

/** 4 TiB. As a number of bytes, it would be less than any container can do with. */
const MOST_MIB = 4 * 1024 * 1024;

/** Whole MiB. */
export const mebibytes = (least = 6) =>
  whole(`whole MiB, ${least} or more`, least, Number.MAX_SAFE_INTEGER).refine(
    (n) => n <= MOST_MIB || !Number.isInteger(n),
    `MiB and not bytes, ${MOST_MIB} (4 TiB) at most`,
  );

/** Whole seconds. */
export const seconds = (least = 1) => whole(`whole seconds, ${least} to 86400`, least, 86_400);

/** A count, within limits. */
export const count = (least: number, most: number) => whole(`a whole number, ${least} to ${most}`, least, most);

/**
 * Share of the host's CPUs. Docker keeps billionths and the provider reads them back in a form of its own, which is exact
 * only for one decimal (its formatting turns 0.05 into 0.1): so tenths it is.
 */
export const cpus = () => {
  const rule = "CPUs in tenths, 0.1 to 128";
  return z.number(rule).refine((n) => n >= 0.1 && n <= 128 && Math.abs(n * 10 - Math.round(n * 10)) < 1e-9, rule);
};

/** GPUs of the host: all, or a number of them. */
export const gpus = () =>
  z.custom<"all" | number>(
    (value) => value === "all" || count(1, 64).safeParse(value).success,
    '"all", or a number from 1 to 64',
  );

/** An SQL-like identifier that needs no quoting. */
export const identifier = () => matching(/^[a-z_][a-z0-9_]{0,62}$/, "1 to 63 of a-z, 0-9 and _, no digit first");

/** The name of an environment variable. */
export const variable = () => matching(/^[A-Za-z_][A-Za-z0-9_]*$/, "a variable's name (letters, digits and _)");

/** An absolute path inside a container. */
export const containerPath = () => matching(/^\/[^\0]*[^\0/]$/, "an absolute path inside the container");

/** A text of one form, with the rule in words. */
export const matching = (form: RegExp, rule: string) => z.string(rule).regex(form, rule);

/** An IPv4 network with room for at least one subnet. */
export const subnetPool = () => z.string(POOL_RULE).refine(isPool, POOL_RULE);

/** A file on this machine, by its path. */
export const file = () =>
  z
    .string("a file's path")
    .refine((path) => found(path)?.isFile(), {
      error: "a file that is there",
      abort: true,
    })
    .refine(readable, { error: "a file that can be read", abort: true });

/** What is at a path; undefined also where that cannot be found out, as for a name that is too long or a folder without access. */
export function found(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function readable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Reads files of this machine for an argument.
 *
 * @throws ArgsError where one of them cannot be read.
 */
export function readOf<T>(subject: string, argument: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { syscall, path, message } = error as NodeJS.ErrnoException;
    if (syscall === undefined) throw error;
    const got = [path, message.replace(/^\w+: |, .*/g, "")].filter((part) => part !== undefined).join(": ");
    throw new ArgsError(`${subject} has bad arguments`, [`${argument}: should be readable, got ${got}`]);
  }
}

/**
 * One of several schemas, chosen by what a value looks like, so that faults are those of that schema.
 *
 * @param choose the schema for a value.
 * @param rule for a value that is missing.
 */
export const byShape = <Input, Output>(choose: (value: unknown) => z.ZodType<Output>, rule: string) =>
  z
    .custom<Input>((value) => value !== undefined, rule)
    .transform((given, { issues }): Output => {
      const parsed = check(choose(given), given);
      if (parsed.success) return parsed.data;
      for (const issue of parsed.error.issues) issues.push({ ...issue, input: given } as (typeof issues)[number]);
      return z.NEVER;
    });

/** Files on this machine, by their paths, in an order that matters. */
export const files = () => z.array(file(), "a list of files");

/** A secret value, plain or an output. No message shows it. A shorter one could not be hidden in logs. */
export const secretValue = (least = 4, form = /^\P{Cc}+$/u, rule = "none a control character") =>
  z.custom<string | Output<string>>(
    (value) => Output.isInstance(value) || (typeof value === "string" && value.length >= least && form.test(value)),
    unshown(`${least} characters or more, ${rule}`),
  );

/** A secret value that may have several lines, like a key in PEM format. It arrives unchanged. No message shows it. */
export const secretText = () =>
  secretValue(4, /^[\P{Cc}\n\r\t]+$/u, "none a control character but line breaks and tabs");

/** A value that was made by a class: a component that another one refers to. */
export const instance = <T>(type: abstract new (...args: never[]) => T, rule: string) =>
  z.custom<T>((value) => value instanceof type, rule);

/** The name of a volume, a port or another part of a component. */
export const partName = () => matching(/^[a-z][a-z0-9_]{0,30}$/, "a name of a-z, 0-9 and _, a letter first");
