import { existsSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

/** The nearest folder with a Pulumi.yaml, from here upwards. */
export function projectFolder(from = process.cwd()): string | undefined {
  if (existsSync(join(from, "Pulumi.yaml"))) return from;
  return dirname(from) === from ? undefined : projectFolder(dirname(from));
}

const began = process.cwd();

/** A path as it was typed, for a process that goes on in the project's folder. */
export const fromProject = (path: string) =>
  process.cwd() === began ? path : relative(process.cwd(), resolve(began, path));
