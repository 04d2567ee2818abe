import { existsSync, readdirSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { z } from "zod";
import type { Connection } from "../core/connection.ts";
import type { Platform } from "../core/platform.ts";
import { ArgsError, faultsOf } from "../core/support/args.ts";
import { commonSettings } from "./common-settings.ts";

/** The settings as a program gets them: `undefined` for what is switched off. */
export type SettingsOf<Schema extends z.ZodType> = SwitchedOn<z.output<Schema>>;

/** Settings without their switches, and `undefined` for what is switched off. */
type SwitchedOn<All> = {
  [Key in keyof All]: All[Key] extends { enabled: boolean } ? Omit<All[Key], "enabled"> | undefined : All[Key];
};

/** What a program returns: the services for the outputs of the Pulumi stack, by name. */
export type Services = Record<string, { connection?: Connection | undefined }>;

/** A stack program: what is deployed, and what can be set for it. */
export interface StackProgram {
  /** The schema of the program's own settings. */
  settings: z.ZodObject;
  /**
   * Runs the program, within `platform.declare`.
   *
   * @param settings the program's own, as their schema returns them.
   * @param apiKeys the API keys that are set, by name.
   * @throws ArgsError where it returns something else than services by name.
   */
  declare(platform: Platform, settings: object, apiKeys: Record<string, string>): Promise<Services>;
}

/** What the file of a stack program exports. */
const Exports = z.object({
  settings: z.custom<z.ZodObject>(
    (value) => (value as z.ZodType | undefined)?._zod?.def?.type === "object",
    "a z.strictObject of the program's own settings",
  ),
  program: z.custom<(platform: Platform, settings: object, apiKeys: Record<string, string>) => unknown>(
    (value) => typeof value === "function",
    "a function (platform, settings, apiKeys) that declares its services and jobs",
  ),
});

const Returned = z.record(
  z.string(),
  z.custom<Services[string]>(
    (value) => typeof value === "object" && value !== null && ("connection" in value || "ready" in value),
    "a service",
  ),
);

/** The programs of a folder, by name: each is a file `NAME.ts`, or a folder with an `index.ts`. */
export function programsIn(folder: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const entry of existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []) {
    const file = entry.isDirectory() ? join(entry.name, "index.ts") : entry.name;
    const [name = ""] = entry.name.split(".ts");
    if (!/^[A-Za-z][\w-]*(\.ts)?$/.test(entry.name) || !/\.ts$/.test(file) || !existsSync(join(folder, file))) continue;
    found.set(name, [...(found.get(name) ?? []), file].sort());
  }
  return new Map([...found].sort(([one], [other]) => (one < other ? -1 : 1)));
}

/**
 * @param name of a program in the folder.
 * @throws ArgsError when two programs have that name, or the file does not export what a stack program has to.
 */
export async function loadProgram(folder: string, name: string): Promise<StackProgram> {
  const files = (programsIn(folder).get(name) ?? []).map((file) => `${basename(folder)}/${file}`);
  const [file = ""] = files;
  if (files.length > 1)
    throw new ArgsError(`There are two stack programs ${name}, one of which has to be renamed`, files);

  const module = await imported(join(folder, "..", file)).catch((error: Error) => {
    // Node.js puts the file and the line only into the first line of the stack.
    if (error instanceof SyntaxError) error.message = `${placeOf(error) ?? file}: ${error.message}`;
    throw error;
  });
  const { data, error } = Exports.safeParse(module);
  if (!data) throw new ArgsError(`${file} does not export what a stack program has to`, faultsOf(error, module));
  const { settings, program } = data;
  const taken = Object.keys(settings.shape).filter((key) => key in commonSettings([]).shape);
  if (taken.length > 0) {
    const faults = taken.map(
      (key) => `settings.${key}: every program has a setting of that name: give this one another name`,
    );
    throw new ArgsError(`${file} does not export what a stack program has to`, faults);
  }
  return {
    settings: settings.strict(),
    async declare(platform, all, apiKeys) {
      const returned = (await program(platform, switchedOn(all), apiKeys)) ?? {};
      const { data: services, error } = Returned.safeParse(returned);
      if (!services)
        throw new ArgsError(`The program of ${file} returns something else than services`, faultsOf(error, returned));
      return services;
    },
  };
}

/** `stacks/shop.ts:12`, as it is typed in the folder where this runs. */
function placeOf({ stack = "" }: SyntaxError): string | undefined {
  const [, url, path, line] = /^(file:\/\/)?(.+):(\d+)\n/.exec(stack) ?? [];
  return path && `${relative(process.cwd(), url ? fileURLToPath(`${url}${path}`) : path)}:${line}`;
}

const imported = (path: string): Promise<object> => import(/* @vite-ignore */ pathToFileURL(path).href);

/** @returns the settings without their switches, and `undefined` for what is switched off. */
export function switchedOn<All extends object>(settings: All): SwitchedOn<All> {
  return Object.fromEntries(
    Object.entries(settings).map(([key, value]) => {
      if (typeof value !== "object" || value === null || typeof value.enabled !== "boolean") return [key, value];
      const { enabled, ...options } = value as { enabled: boolean };
      return [key, enabled ? options : undefined];
    }),
  ) as SwitchedOn<All>;
}
