import * as pulumi from "@pulumi/pulumi";
import { ArgsError, check, faultsOf } from "../core/support/args.ts";
import { pulumiCommand } from "../engines/command-line.ts";
import { type CommonSettings, commonSettings } from "./common-settings.ts";
import { loadProgram, programsIn, type StackProgram } from "./program.ts";

/** The settings of a Pulumi stack, checked, with all defaults. */
export interface Settings {
  /** The stack program that they name. */
  program: StackProgram;
  /** The settings that every program has. */
  common: CommonSettings;
  /** The program's own settings, with their switches. */
  own: Record<string, unknown>;
  /** API keys that are set, by name. */
  apiKeys: Record<string, string>;
}

/**
 * The configuration of this Pulumi stack, checked as a whole.
 *
 * @param folder of the stack programs.
 * @throws ArgsError with one line `key: should be RULE, got VALUE` per fault, and one for each export that the program lacks,
 * before anything is registered.
 */
export async function readSettings(folder: string): Promise<Settings> {
  const prefix = `${pulumi.getProject()}:`;
  const given = Object.entries(pulumi.runtime.allConfig()).filter(([key]) => key.startsWith(prefix));
  return settingsOf(
    Object.fromEntries(given.map(([key, text]) => [key.slice(prefix.length), text])),
    pulumi.getStack(),
    folder,
  );
}

/**
 * Checks the given settings in the same way.
 *
 * @throws ArgsError as `readSettings` does.
 */
export async function settingsOf(given: Record<string, unknown>, stack: string, folder: string): Promise<Settings> {
  const { settings, faults } = await checkSettings(given, stack, folder);
  if (!settings) throw new ArgsError(`stack ${stack} has bad settings`, faults);
  return settings;
}

/**
 * Checks what is set, and fills in the defaults.
 *
 * @param given by key without the project's name. A text may be JSON, in which the Pulumi CLI passes on other values.
 * @param stack the name of their stack, for the command that sets a missing key.
 * @param folder of the stack programs.
 * @returns all faults; `settings` only where there are none.
 */
export async function checkSettings(
  given: Record<string, unknown>,
  stack: string,
  folder: string,
): Promise<{ settings?: Settings; faults: string[] }> {
  const schema = commonSettings([...programsIn(folder).keys()]);
  const declared = Object.entries((valueOf(given.apiKeys) ?? {}) as Record<string, unknown>);
  const common: Record<string, unknown> = {};
  const own: Record<string, unknown> = {};
  const apiKeys: Record<string, string> = {};
  const dotted: string[] = [];
  for (const [key, value] of Object.entries(given)) {
    if (declared.some(([name]) => name === key)) apiKeys[key] = value as string;
    else if (key in schema.shape) common[key] = valueOf(value);
    else own[key] = valueOf(value);
  }
  const { data: commonData, error: commonError } = check(schema, common);
  const named = schema.shape.program.safeParse(common.program);
  let program: StackProgram | undefined;
  let refusal: string | undefined;
  try {
    if (named.success) program = await loadProgram(folder, named.data);
  } catch (error) {
    if (!(error instanceof ArgsError)) throw error;
    refusal = error.message.replaceAll("\n", "\n  ");
  }
  for (const key of Object.keys(own)) {
    const [outer = "", ...inner] = key.split(".");
    if (inner.length === 0 || !(outer in schema.shape || outer in (program?.settings.shape ?? {}))) continue;
    dotted.push(key);
    delete own[key];
  }
  const { data: ownData, error: ownError } = (program && check(program.settings, own, Object.keys(schema.shape))) ?? {};
  const missing = declared.filter(([name, need]) => need === "required" && !(name in given));
  const faults = [
    ...(commonError ? faultsOf(commonError, common) : []),
    ...(refusal === undefined ? [] : [refusal]),
    ...(ownError ? faultsOf(ownError, own) : []),
    ...dotted.map((key) => {
      const [set, rm] = [`set -s ${stack} --path ${key} VALUE`, `rm -s ${stack} ${key}`].map((line) =>
        pulumiCommand(`config ${line}`),
      );
      return `${key}: should be set with --path: ${set}, after ${rm}`;
    }),
    ...missing.map(
      ([name]) =>
        `${name}: should be set, got nothing: ${pulumiCommand(`config set -s ${stack} --secret ${name}`)} asks for it`,
    ),
  ];
  if (!program || !commonData || !ownData || faults.length > 0) return { faults };
  return { settings: { program, common: commonData, own: ownData, apiKeys }, faults };
}

function valueOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
