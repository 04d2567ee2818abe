import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { switchedOn } from "../../../components/program/program.ts";
import { settingsOf } from "../../../components/program/settings.ts";
import { settings } from "../../../stacks/polyglot.ts";

/** What polyglot gets where this is set, and nothing else. */
export const polyglotSettings = (set: Record<string, unknown> = {}) => switchedOn(settings.parse(set));

/** A stack file that git tracks. */
export const trackedFile = (name: string) => parse(readFileSync(name, "utf8")) as { config: Record<string, unknown> };

/** The settings that such a file gives: those of every program, and the program's own. */
export function trackedSettings(name: string) {
  const settings = Object.entries({ "stackyard:program": "polyglot", ...trackedFile(name).config });
  return settingsOf(
    Object.fromEntries(settings.map(([key, value]) => [key.replace("stackyard:", ""), value])),
    "dev",
    "stacks",
  );
}
