import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { replaceFile } from "../../components/core/support/replace-file.ts";
import { here, startedAt, startOf } from "./processes.ts";
import { backendFolder, besideStates, PROJECT, STACK } from "./stack.ts";
import type { Fate } from "./verb-lock.ts";

/** Pulumi's own lock, which lasts for one command: a file in its backend's folder. */
export interface PulumiLock {
  file: string;
  pid: number;
  username: string;
  hostname: string;
  /** In ISO 8601. */
  timestamp: string;
}

const ofStack = () => `${backendFolder()}/locks/organization/${PROJECT}/${STACK}`;

/** Pulumi's locks on this stack, or below a folder; none where the backend is not a folder. */
export function pulumiLocks(folder = backendFolder() && ofStack()): PulumiLock[] {
  if (!folder || !existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    if (!name.endsWith(".json")) return [];
    const file = `${folder}/${name}`;
    let content: Partial<PulumiLock> = {};
    try {
      content = JSON.parse(readFileSync(file, "utf8")) as Partial<PulumiLock>;
    } catch {
      // It has been removed meanwhile, or was cut off: to pulumi the file is a lock whatever is in it.
      if (!existsSync(file)) return [];
    }
    return [{ pid: 0, username: "", hostname: hostname(), timestamp: "", ...content, file }];
  });
}

/** Removes the lock of a run that is gone. */
export function dropLock({ file }: PulumiLock): void {
  for (const each of [file, `${file}.attrs`]) rmSync(each, { force: true });
}

/** Ids of machines, by the names that they had when they were seen here. */
export type Names = Record<string, string[]>;

/** Clocks are set now and then. */
const SLACK_MS = 5_000;

/** Pulumi writes down a machine's name, which may change, and a process number, which another process gets after a while. */
export function fateOfLock({ pid, hostname: host, timestamp }: Omit<PulumiLock, "file">, names: Names): Fate {
  const machines = names[host] ?? [];
  const ours = host === hostname() || machines.includes(here().machine);
  if (!ours) return "elsewhere";
  const start = pid > 0 ? startOf(pid) : undefined;
  const began = pid > 0 ? startedAt(pid) : undefined;
  if (start !== undefined && (began === undefined || !(began > Date.parse(timestamp) + SLACK_MS))) return "lives";
  return machines.some((machine) => machine !== here().machine) ? "elsewhere" : "gone";
}

const namesFile = () => `${besideStates()}/machines.json`;

export function readNames(): Names {
  try {
    return JSON.parse(readFileSync(namesFile(), "utf8")) as Names;
  } catch {
    return {};
  }
}

/** Writes this machine's name down beside the states, before pulumi does in a lock. @returns all names that are known. */
export function rememberName(): Names {
  const names = readNames();
  const { machine } = here();
  const known = names[hostname()] ?? [];
  if (known.includes(machine)) return names;
  const all = { ...names, [hostname()]: [...known, machine] };
  mkdirSync(besideStates(), { recursive: true, mode: 0o700 });
  replaceFile(namesFile(), `${JSON.stringify(all)}\n`);
  return all;
}
