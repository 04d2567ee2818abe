import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { chosenPorts } from "./shared/ports.ts";
import { readSettings } from "./shared/settings.ts";
import { PROJECT, ROOT, readState, STACK } from "./shared/stack.ts";
import { table } from "./shared/table.ts";
import { layersOf, type StackFile } from "./stackfile.ts";

export interface ConfigOptions {
  /** `secrets`: shows their values, too. */
  show?: string;
  json?: boolean;
}

/** Shows the settings in force with all defaults, secrets hidden, and where each value comes from. @returns 1 where some are wrong. */
export async function config({ show, json }: ConfigOptions): Promise<number> {
  const { given, hidden, settings, faults } = await readSettings({ secrets: show === "secrets" });
  const foreign = process.env.PULUMI_OPTION_CONFIG_FILE;
  const layers = foreign
    ? [{ name: basename(foreign), content: parse(readFileSync(foreign, "utf8")) as StackFile }]
    : layersOf(STACK, PROJECT);
  const { config: declared = {} } = parse(readFileSync(`${ROOT}Pulumi.yaml`, "utf8")) as StackFile;

  // A copy's ports are chosen at the first `up`.
  const ports =
    settings?.common.ports === "free"
      ? Object.fromEntries(
          Object.entries(chosenPorts(settings, readState())).map(([path, port]) => [path, port ?? "free"]),
        )
      : {};

  /** Their values are not known here. */
  const notShown = Object.fromEntries([...hidden].map((key) => [key, ""]));

  /** All that is in force; what is set alone, where that is refused. */
  const all = settings ? { ...settings.common, ...settings.own, ...settings.apiKeys } : given;
  const rows = leaves({ ...all, ...notShown }).map(([path, value]) => ({
    key: path.join("."),
    value: hidden.has(path[0] ?? "") ? "[secret]" : text(ports[path.join(".")] ?? value),
    from: Number.isInteger(ports[path.join(".")]) ? "state" : sourceOf(path, value),
  }));
  if (json) process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
  else {
    const lines = rows.map(({ key, value, from }) => [key, value, from]);
    process.stdout.write(`${table(["KEY", "VALUE", "FROM"], lines)}\n`);
  }
  if (faults.length > 0) {
    const lines = ["Some of it is not as it should be:", ...faults.map((fault) => `  ${fault}`)];
    process.stderr.write(`${lines.join("\n")}\n`);
    return 1;
  }
  return 0;

  /** Where a value comes from: a file, this clone, or the program. */
  function sourceOf(path: string[], value: unknown): string {
    const [key = "", ...rest] = path;
    if (at(given, path) === undefined && !hidden.has(key)) return "default";
    const layer = layers.findLast(({ content }) => {
      const set = at(content.config?.[`${PROJECT}:${key}`], rest);
      return set !== undefined && (hidden.has(key) || isDeepStrictEqual(text(set), text(value)));
    });
    if (layer) return layer.name;
    const inLayers = layers.some(({ content }) => content.config?.[`${PROJECT}:${key}`] !== undefined);
    return !inLayers && key in declared ? "Pulumi.yaml" : "this clone";
  }
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
  // Nothing else of what is switched off is in force.
  if ("enabled" in value && value.enabled === false) return [[[...path, "enabled"], false]];
  return Object.entries(value).flatMap(([key, each]) => leaves(each, [...path, key]));
}
