import { z } from "zod";
import { matching, sentence } from "./support/args.ts";

/** Rules for the settings of one kind of server. */
export interface SettingsForm<Value extends z.ZodType> {
  /** The form of a name, and the same in words. */
  name: readonly [form: RegExp, rule: string];
  /** @default - `settingValue()` */
  value?: Value;
  own: Own;
}

/**
 * Settings or variables that a component sets itself, and what to do instead: set an option, given by its name, or what a sentence
 * says. Upper and lower case are the same.
 */
export type Own = Readonly<Record<string, string>>;

/** Several with the same instruction. */
export const decidedBy = (instead: string, ...names: string[]): Own =>
  Object.fromEntries(names.map((name) => [name, instead]));

/** The same for the variables that an image makes settings of. @param variable of a setting. */
export const variablesOf = (own: Own, variable: (setting: string) => string): Own =>
  Object.fromEntries(Object.entries(own).map(([setting, instead]) => [variable(setting), instead]));

/** What to do instead of setting this one, in a sentence; undefined if it may be set. */
export function ruledOut(own: Own, name: string): string | undefined {
  const wanted = name.toLowerCase();
  // With `_FILE`, images take a variable's value from a file.
  const found = Object.entries(own).find(([each]) =>
    [wanted, wanted.replace(/_file$/, "")].includes(each.toLowerCase()),
  );
  if (!found) return undefined;
  const [, instead] = found;
  return instead.includes(" ") ? instead : `It follows from \`${instead}\`: set that option instead.`;
}

export const VALUE = "a text without control characters, a number in digits, true or false";

/** A value, which reaches the server as it is written: so a number must be in plain digits, and a text must need no escape. */
export const settingValue = (form = /^\P{Cc}*$/u, rule = VALUE) =>
  z
    .union([z.string(), z.number(), z.boolean()], rule)
    .transform(String)
    .refine((value) => form.test(value) && !/^-?[\d.]+e|^(NaN|-?Infinity)$/.test(value), rule);

/**
 * Settings of a server by its own names: plain data without secrets. Only the form of a name is checked, as the server knows which
 * names exist.
 */
export const serverSettings = <Value extends z.ZodType<unknown, unknown>>({ name, value, own }: SettingsForm<Value>) =>
  z
    .record(matching(...name), (value ?? settingValue()) as Value)
    .superRefine((settings, { addIssue }) => {
      const by = new Map<string, string>();
      for (const each of Object.keys(settings)) {
        const other = by.get(each.toLowerCase());
        const twice = `\`${other}\` is the same setting in other letters: leave one of them out.`;
        if (other !== undefined) addIssue({ code: "custom", path: [each], message: sentence(twice) });
        by.set(each.toLowerCase(), each);
        const instead = ruledOut(own, each);
        if (instead !== undefined) addIssue({ code: "custom", path: [each], message: sentence(instead) });
      }
    })
    .default({} as never);
