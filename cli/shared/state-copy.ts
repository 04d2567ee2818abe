import { existsSync, mkdirSync, readFileSync, type StatsFs, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { replaceFile } from "../../components/core/support/replace-file.ts";
import { besideStates, brokenState, copyFile, stateFile } from "./stack.ts";

// Pulumi writes the whole state at each step. On a full disk what it writes is cut off, and so is its own backup of it.

const MIB = 1024 ** 2;
const LEAST_MIB = 50;

type Room = Pick<StatsFs, "bavail" | "bsize" | "files" | "ffree">;

/** What is wrong with the disk that states are on, and what to do; undefined where there is room. */
export function noRoom(folder = besideStates(), statDisk: (folder: string) => Room = statfsSync): string | undefined {
  if (!existsSync(folder)) return undefined;
  const { bavail, bsize, files, ffree } = statDisk(folder);
  const free = (bavail * bsize) / MIB;
  const full =
    free < LEAST_MIB ? `${free.toFixed(1)} MiB` : files > 0 && ffree < 100 ? `room for ${ffree} files` : undefined;
  if (!full) return undefined;
  return (
    `The disk with the state has ${full} left, and should have ${LEAST_MIB} MiB or more: ${folder}. Each step of a run is ` +
    "written there, and a state that is cut off cannot be read. Make room on it, and run the same again."
  );
}

/** Copies the state as it is now, if it is whole. Where that fails, the last copy stays as it was. */
export function keepCopy(): void {
  const [file, copy] = [stateFile(), copyFile()];
  if (!file || !existsSync(file) || brokenState()) return;
  try {
    mkdirSync(dirname(copy), { recursive: true, mode: 0o700 });
    replaceFile(copy, readFileSync(file), { flush: false });
  } catch {
    // The next change of the state is copied again.
  }
}

const EVERY_MS = 250;

/** Copies the state whenever it changes. @returns a function that makes a last copy and stops. */
export function keepCopies(): () => void {
  const file = stateFile();
  keepCopy();
  if (!file) return keepCopy;
  // Polled, not watched: a system has a limited number of watches, and a folder on another machine reports no changes.
  const changed = () => statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  let last = changed();
  const timer = setInterval(() => {
    const now = changed();
    if (now !== last) keepCopy();
    last = now;
  }, EVERY_MS);
  return () => {
    clearInterval(timer);
    keepCopy();
  };
}
