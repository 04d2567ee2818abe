import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { parse, stringify } from "yaml";

// stackfile.ts STACK: writes this clone's copy of a stack file, outside the work tree: what is tracked, and what was set here by
// `pulumi config set`, and the salt.

type Values = Record<string, unknown>;
/** A stack file: its settings, and whatever else pulumi keeps there (the salt). */
export interface StackFile extends Values {
  config?: Values;
}

/**
 * The tracked file with what was set in this clone on top.
 *
 * @param before the tracked file as it was when the copy was last written: what differs from it was set here.
 */
export function merged(tracked: StackFile, before: StackFile, copy: StackFile): StackFile {
  const own = (now: Values = {}, then: Values = {}) =>
    Object.fromEntries(Object.entries(now).filter(([key, value]) => !isDeepStrictEqual(value, then[key])));
  const { config: trackedConfig, ...trackedRest } = tracked;
  const { config: beforeConfig, ...beforeRest } = before;
  const { config: copyConfig, ...copyRest } = copy;
  return {
    ...trackedRest,
    ...own(copyRest, beforeRest),
    config: { ...trackedConfig, ...own(copyConfig, beforeConfig) },
  };
}

const read = (file: string): StackFile =>
  existsSync(file) ? ((parse(readFileSync(file, "utf8")) as StackFile | null) ?? {}) : {};

function write(file: string, content: StackFile): void {
  const text = stringify(content);
  if (existsSync(file) && readFileSync(file, "utf8") === text) return;
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, text, { mode: 0o600 });
  renameSync(fresh, file);
}

function filesOf(stack: string) {
  const copy = `${process.env.STACKYARD_STATE}/config/Pulumi.${stack}.yaml`;
  // A stack that has no file of its own (a colleague's, a branch's) is a copy of dev.
  const tracked = existsSync(`Pulumi.${stack}.yaml`) ? `Pulumi.${stack}.yaml` : "Pulumi.dev.yaml";
  return { copy, base: `${copy}.tracked`, tracked };
}

/** A stack's settings in files: what is tracked, and what was set in this clone on top, unless only the former is asked for. */
export function stackFile(stack: string, { own }: { own: boolean }): StackFile {
  const { copy, base, tracked } = filesOf(stack);
  if (!own) return read(tracked);
  const named = process.env.PULUMI_OPTION_CONFIG_FILE;
  return named ? read(named) : merged(read(tracked), read(base), read(copy));
}

if (import.meta.main) {
  const [stack = "dev"] = process.argv.slice(2);
  const { copy, base, tracked } = filesOf(stack);
  write(copy, merged(read(tracked), read(base), read(copy)));
  write(base, read(tracked));
}
