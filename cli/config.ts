import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { readSettings } from "./shared/settings.ts";
import { PROJECT, ROOT, STACK } from "./shared/stack.ts";
import { table } from "./shared/table.ts";
import { layersOf, type StackFile } from "./stackfile.ts";

// make config [show=secrets] [json=1]: the settings in force, secrets hidden, and where each value comes from.

const { given, hidden, filled, keys, faults } = readSettings({ secrets: process.env.show === "secrets" });
const foreign = process.env.PULUMI_OPTION_CONFIG_FILE;
const layers = foreign
  ? [{ name: basename(foreign), content: parse(readFileSync(foreign, "utf8")) as StackFile }]
  : layersOf(STACK, PROJECT);
const { config: declared = {} } = parse(readFileSync(`${ROOT}Pulumi.yaml`, "utf8")) as StackFile;

const rows = leaves(filled ? { ...filled, ...keys } : given).map(([path, value]) => ({
  key: path.join("."),
  value: hidden.has(path[0] ?? "") ? "[secret]" : text(value),
  from: sourceOf(path, value),
}));
if (process.env.json === "1") process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
else {
  const lines = rows.map(({ key, value, from }) => [key, value, from]);
  process.stdout.write(`${table(["KEY", "VALUE", "FROM"], lines)}\n`);
}
if (faults.length > 0) {
  process.stderr.write(`Some of it is not as it should be:
${faults
  .map(
    (fault) => `  ${fault}
`,
  )
  .join("")}`);
  process.exitCode = 1;
}

/** Where a value comes from: a file, this clone, or the program. */
function sourceOf(path: string[], value: unknown): string {
  const [key = "", ...rest] = path;
  if (at(given, path) === undefined) return "default";
  const layer = layers.findLast(({ content }) => {
    const there = at(content.config?.[`${PROJECT}:${key}`], rest);
    return there !== undefined && (hidden.has(key) || isDeepStrictEqual(text(there), text(value)));
  });
  if (layer) return layer.name;
  const known = layers.some(({ content }) => content.config?.[`${PROJECT}:${key}`] !== undefined);
  return !known && key in declared ? "Pulumi.yaml" : "this clone";
}

function at(value: unknown, path: string[]): unknown {
  return path.reduce<unknown>((within, key) => (within as Record<string, unknown> | undefined)?.[key], value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function leaves(value: unknown, path: string[] = []): [string[], unknown][] {
  if (value === undefined) return [];
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key]));
}
