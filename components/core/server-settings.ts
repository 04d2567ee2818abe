import { z } from "zod";
import { matching, sentence } from "./support/args.ts";

/** What a server's settings are in its own words. */
export interface SettingsForm<Value extends z.ZodType> {
  /** Of a name, and the same in words. */
  name: readonly [form: RegExp, rule: string];
  /** @default - `settingValue()` */
  value?: Value;
  own: Own;
}

/**
 * Settings or variables that a component makes itself, and what decides them: an option by its name, or a sentence where nothing
 * else may be there. In whichever case they are written.
 */
export type Own = Readonly<Record<string, string>>;

/** Several that the same decides. */
export const decidedBy = (instead: string, ...names: string[]): Own =>
  Object.fromEntries(names.map((name) => [name, instead]));

/** The same of variables, by what a setting is called among them. */
export const variablesOf = (own: Own, variable: (setting: string) => string): Own =>
  Object.fromEntries(Object.entries(own).map(([setting, instead]) => [variable(setting), instead]));

/** What to do in place of setting one that a component makes itself, in a sentence; nothing for any other. */
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

/** A value, which arrives as it is written: so a number may not need another form, nor a text an escape. */
export const settingValue = (form = /^\P{Cc}*$/u, rule = VALUE) =>
  z
    .union([z.string(), z.number(), z.boolean()], rule)
    .transform(String)
    .refine((value) => form.test(value) && !/^-?[\d.]+e|^(NaN|-?Infinity)$/.test(value), rule);

/**
 * Settings of a server by its own names, plain data and nothing secret. A name is checked by its form alone: the server knows
 * which ones there are.
 */
export const serverSettings = <Value extends z.ZodType<unknown, unknown>>({ name, value, own }: SettingsForm<Value>) =>
  z
    .record(matching(...name), (value ?? settingValue()) as Value)
    .superRefine((settings, { addIssue }) => {
      for (const each of Object.keys(settings)) {
        const instead = ruledOut(own, each);
        if (instead !== undefined) addIssue({ code: "custom", path: [each], message: sentence(instead) });
      }
    })
    .default({} as never);
