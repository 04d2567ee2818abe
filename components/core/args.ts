import { statSync } from "node:fs";
import { Output, RunError } from "@pulumi/pulumi";
import { z } from "zod";

/** Says every fault of a component's arguments, or of the configuration, at once. Pulumi shows its message without a stack trace. */
export class ArgsError extends RunError {
  constructor(subject: string, faults: readonly string[]) {
    super([subject, ...faults.map((fault) => `  ${fault}`)].join("\n"));
  }
}

/** Name of a component: part of labels, network aliases and file names. */
const NAME = /^[a-z][a-z0-9-]{0,39}$/;

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
  const faults = NAME.test(name)
    ? []
    : [`name: should be 1 to 40 of a-z, 0-9 and -, a letter first, got ${shown(name)}`];
  const parsed = schema.safeParse(args);
  if (!parsed.success) faults.push(...faultsOf(parsed.error, args));
  if (faults.length > 0) throw new ArgsError(`${kind} "${name}" has bad arguments`, faults);
  return parsed.data as z.output<Schema>;
}

/** One line `path: should be RULE, got VALUE` per fault, in the order of the schema. */
export function faultsOf(error: z.ZodError, input: unknown): string[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === "unrecognized_keys") {
      return issue.keys.map((key) => `${[...issue.path, key].join(".")}: should not be there`);
    }
    if (issue.code === "invalid_key") {
      const rule = issue.issues[0]?.message ?? issue.message;
      return [`${issue.path.join(".") || "arguments"}: should be ${rule}, got ${shown(issue.path.at(-1))}`];
    }
    const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown>)?.[key], input);
    return [`${issue.path.join(".") || "arguments"}: should be ${ruleOf(issue)}, got ${shown(value, issue)}`];
  });
}

/** Before a rule whose value is not to be shown. */
const SECRET = "secret ";
export const unshown = (rule: string) => `${SECRET}${rule}`;

function ruleOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "invalid_type":
      return (
        { string: "a text", number: "a number", boolean: "true or false", array: "a list" }[issue.expected as string] ??
        (issue.expected === "object"
          ? "a set of options"
          : issue.expected === "record"
            ? "names with values"
            : issue.message)
      );
    default:
      return issue.message.startsWith(SECRET) ? issue.message.slice(SECRET.length) : issue.message;
  }
}

function shown(value: unknown, issue?: z.core.$ZodIssue): string {
  if (value === undefined) return "nothing";
  if (issue?.message.startsWith(SECRET)) return "a value that is not shown";
  if (Output.isInstance(value)) return "an output";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  // JSON has no NaN.
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

// The kinds of arguments, each with its rule in words. A message is what comes after "should be".

const whole = (rule: string, least: number, most: number) =>
  z.number(rule).refine((n) => Number.isInteger(n) && n >= least && n <= most, rule);

/** A TCP port on the host. */
export const hostPort = () => whole("1 to 65535", 1, 65_535);

/** Whole MiB. */
export const mebibytes = (least = 6) => whole(`whole MiB, ${least} or more`, least, 16 * 1024 * 1024);

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

/** GPUs of the host: all, or so many of them. */
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

/** A text of one form. */
export const matching = (form: RegExp, rule: string) => z.string(rule).regex(form, rule);

/** A file on this machine, by its path. */
export const file = () =>
  z
    .string("a file's path")
    .refine((path) => statSync(path, { throwIfNoEntry: false })?.isFile(), "a file that is there");

/** Such files, in an order that counts. */
export const files = () => z.array(file(), "a list of files");

/** A value that is secret, plain or an output; never shown in a message. Shorter ones could not be hidden in logs. */
export const secretValue = (least = 4, form = /^\P{Cc}+$/u, rule = "none a control character") =>
  z.custom<string | Output<string>>(
    (value) => Output.isInstance(value) || (typeof value === "string" && value.length >= least && form.test(value)),
    unshown(`${least} characters or more, ${rule}`),
  );

/** The same for what may be a text of several lines, a key in PEM for one, and arrives as it is. */
export const secretText = () =>
  secretValue(4, /^[\P{Cc}\n\r\t]+$/u, "none a control character but line breaks and tabs");

/** A value made by one of Stackyard's own classes. */
export const instance = <T>(type: abstract new (...args: never[]) => T, rule: string) =>
  z.custom<T>((value) => value instanceof type, rule);
