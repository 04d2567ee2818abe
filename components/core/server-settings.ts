import { z } from "zod";
import { matching, sentence } from "./support/args.ts";

/** What a server's settings are in its own words. */
export interface SettingsForm<Value extends z.ZodType> {
  /** Of a name, and the same in words. */
  name: readonly [form: RegExp, rule: string];
  /** @default - `settingValue()` */
  value?: Value;
  /**
   * Settings that the component makes itself, in lower case: what decides them. An option by its name, or a sentence where
   * nothing else may be there.
   */
  own: Record<string, string>;
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
        const instead = own[each.toLowerCase()];
        if (instead === undefined) continue;
        addIssue({ code: "custom", path: [each], message: insteadOf(instead) });
      }
    })
    .default({} as never);

/** Refuses one that a component makes itself. */
export const insteadOf = (instead: string) =>
  sentence(instead.includes(" ") ? instead : `It follows from \`${instead}\`: set that option instead.`);
