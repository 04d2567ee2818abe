import { existsSync, readFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { parse, stringify } from "yaml";
import { replaceFile } from "../components/core/support/replace-file.ts";
import { handleFaults } from "./shared/faults.ts";
import { programOf } from "./shared/stack-name.ts";

// stackfile.ts STACK [PID COMMAND]: writes this clone's copy of a stack file, outside the work tree: what is tracked, what
// somebody wrote into the personal file beside it, and what was set here by `pulumi config set`, and the salt. For a command of
// pulumi's that changes something, it holds the stack for the process that is to become pulumi, and prints the lock's token.

type Values = Record<string, unknown>;
/** A stack file: its settings, and whatever else pulumi keeps there (the salt). */
export interface StackFile extends Values {
  config?: Values;
}

/** A file that settings come from, by its name. */
export interface Layer {
  name: string;
  content: StackFile;
}

/** A stack that has no file of its own (a colleague's, a branch's) is a copy of its program's dev. */
function trackedFile(stack: string): string {
  const [program] = programOf(stack);
  return existsSync(`Pulumi.${stack}.yaml`) ? `Pulumi.${stack}.yaml` : `Pulumi.${program ? `${program}-` : ""}dev.yaml`;
}

/** What a stack is set up by; the last one counts first. */
export function layersOf(stack: string, project: string): Layer[] {
  const tracked = trackedFile(stack);
  const files = [tracked, tracked.replace(/\.yaml$/, ".local.yaml")].filter((name) => existsSync(name));
  const [program, name] = programOf(stack);
  const isCopy = tracked !== `Pulumi.${stack}.yaml` && name !== "dev";
  return [
    ...(program ? [{ name: "the stack's name", content: { config: { [`${project}:program`]: program } } }] : []),
    ...files.map((name) => ({ name, content: read(name) })),
    ...(isCopy ? [{ name: "a copy of dev", content: { config: { [`${project}:ports`]: "free" } } }] : []),
  ];
}

/** One above the other, setting by setting. */
export const overlaid = (layers: readonly Layer[]): StackFile =>
  layers.reduce<StackFile>((below, { content }) => over(below, content) as StackFile, {});

/**
 * What is in the files with what was set in this clone on top.
 *
 * @param before what was in the files when the copy was last written: what differs from it was set here.
 */
export const merged = (files: StackFile, before: StackFile, copy: StackFile): StackFile =>
  over(files, changed(before, copy) ?? {}) as StackFile;

const isSet = (value: unknown): value is Values =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !("secure" in value);

function over(below: unknown, above: unknown): unknown {
  if (!isSet(below) || !isSet(above)) return above;
  const added = Object.entries(above).map(([key, value]) => [key, key in below ? over(below[key], value) : value]);
  return { ...below, ...Object.fromEntries(added) };
}

/** What is another now. Nothing where all is the same. */
function changed(before: unknown, now: unknown): unknown {
  if (!isSet(before) || !isSet(now)) return isDeepStrictEqual(before, now) ? undefined : now;
  const entries = Object.entries(now).map(([key, value]) => [key, changed(before[key], value)]);
  const different = entries.filter(([, value]) => value !== undefined);
  return different.length > 0 ? Object.fromEntries(different) : undefined;
}

const read = (file: string): StackFile =>
  existsSync(file) ? ((parse(readFileSync(file, "utf8")) as StackFile | null) ?? {}) : {};

function write(file: string, content: StackFile): void {
  const text = stringify(content);
  if (!existsSync(file) || readFileSync(file, "utf8") !== text) replaceFile(file, text);
}

function filesOf(stack: string) {
  const copy = `${process.env.STACKYARD_STATE}/config/Pulumi.${stack}.yaml`;
  return { copy, base: `${copy}.tracked`, files: overlaid(layersOf(stack, String(read("Pulumi.yaml").name))) };
}

/** A stack's settings in files: what is tracked, and what is this clone's own on top, unless only the former is asked for. */
export function stackFile(stack: string, { own }: { own: boolean }): StackFile {
  if (!own) return read(trackedFile(stack));
  const named = process.env.PULUMI_OPTION_CONFIG_FILE;
  if (named) return read(named);
  const { copy, base, files } = filesOf(stack);
  return merged(files, read(base), read(copy));
}

if (import.meta.main) {
  handleFaults();
  const [stack = "dev", pid, command = ""] = process.argv.slice(2);
  if (pid) {
    const { hold } = await import("./shared/hold.ts");
    const by = { verb: `pulumi ${command}`, pid: Number(pid) };
    process.stdout.write((await hold({ by, cancels: command === "cancel" })) ?? "");
  }
  // Another folder's state, or another file, was named: nothing of it is kept here.
  if (stack !== "") {
    const { copy, base, files } = filesOf(stack);
    write(copy, merged(files, read(base), read(copy)));
    write(base, files);
  }
}
