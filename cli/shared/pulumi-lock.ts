import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { replaceFile } from "../../components/core/support/replace-file.ts";
import { currentPlace, startedAt, startOf } from "./processes.ts";
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

const stackLockFolder = () => `${backendFolder()}/locks/organization/${PROJECT}/${STACK}`;

/** Pulumi's locks on this stack, or below a folder; none where the backend is not a folder. */
export function pulumiLocks(folder = backendFolder() && stackLockFolder()): PulumiLock[] {
  if (!folder || !existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).flatMap((name) => {
    if (!name.endsWith(".json")) return [];
    const file = `${folder}/${name}`;
    let content: Partial<PulumiLock> = {};
    try {
      content = JSON.parse(readFileSync(file, "utf8")) as Partial<PulumiLock>;
    } catch {
      // It was removed meanwhile, or it is cut off: pulumi takes the file for a lock whatever is in it.
      if (!existsSync(file)) return [];
    }
    return [{ pid: 0, username: "", hostname: hostname(), timestamp: "", ...content, file }];
  });
}

/** Removes the lock of a run that is gone. */
export function dropLock({ file }: PulumiLock): void {
  for (const each of [file, `${file}.attrs`]) rmSync(each, { force: true });
}

/** For each name of a machine, the ids of the machines that had it when they used these states. */
export type MachineNames = Record<string, string[]>;

/** By how much a process may seem to be younger than its lock: clocks are set now and then. */
const SLACK_MS = 5_000;

/**
 * What has become of the process of a lock. The lock gives only the machine's name, which may change, and the process number, which
 * another process gets after a while.
 */
export function fateOfLock({ pid, hostname: host, timestamp }: Omit<PulumiLock, "file">, names: MachineNames): Fate {
  const machines = names[host] ?? [];
  const ours = host === hostname() || machines.includes(currentPlace().machine);
  if (!ours) return "elsewhere";
  const start = pid > 0 ? startOf(pid) : undefined;
  const began = pid > 0 ? startedAt(pid) : undefined;
  if (start !== undefined && (began === undefined || !(began > Date.parse(timestamp) + SLACK_MS))) return "lives";
  return machines.some((machine) => machine !== currentPlace().machine) ? "elsewhere" : "gone";
}

const namesFile = () => `${besideStates()}/machines.json`;

export function readNames(): MachineNames {
  try {
    return JSON.parse(readFileSync(namesFile(), "utf8")) as MachineNames;
  } catch {
    return {};
  }
}

/** Records this machine's name and id beside the states, before pulumi writes a lock. @returns everything that is recorded. */
export function rememberName(): MachineNames {
  const names = readNames();
  const { machine } = currentPlace();
  const known = names[hostname()] ?? [];
  if (known.includes(machine)) return names;
  const all = { ...names, [hostname()]: [...known, machine] };
  mkdirSync(besideStates(), { recursive: true, mode: 0o700 });
  replaceFile(namesFile(), `${JSON.stringify(all)}\n`);
  return all;
}
