import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandLine, flag } from "../../components/engines/command-line.ts";
import { adoptionCopy, cloneState } from "./clones.ts";
import { holderShown, lockShown } from "./hold.ts";
import { fateOfLock, pulumiLocks } from "./pulumi-lock.ts";
import { quoted } from "./stack.ts";
import { fateOf, holder, readHolder, release, TOKEN_VARIABLE, take } from "./verb-lock.ts";

/** The folder of a state folder that says who is at work on its stacks. */
const LOCKS = "backend/verb-locks";

/**
 * Puts a copy of an old clone's state in the place of this clone's own, which has to be empty, and removes the old one once the
 * copy is whole: at each moment one of the two folders has all. To be called while a stack of this clone is held: its lock goes
 * on in the new folder.
 *
 * @returns where what this clone had instead is kept: a passphrase, and settings that were made with it.
 * @throws Error with what is wrong, before anything is touched.
 */
export function adopt(from: string, own: string, root: string): string {
  const fault = faultOf(from, own) ?? obstacleIn(own);
  if (fault !== undefined) throw new Error(fault);
  // Only one of two clones that want the state gets it.
  const lock = join(from, LOCKS, "adopt.json");
  const me = holder(lock, commandLine("adopt"));
  const { heldBy } = take(lock, me);
  const other = heldBy ? `${holderShown(heldBy)} is at work on it` : atWork(from, me.token);
  const copy = adoptionCopy(own);
  try {
    if (other) throw new Error(`${from}: ${other}. Nothing was touched.`);
    copyWhole(from, copy);
    writeFileSync(join(copy, "clone"), `${root}\n`);
    if (existsSync(join(own, LOCKS))) cpSync(join(own, LOCKS), join(copy, LOCKS), { recursive: true });
    const kept = exchange(own, copy);
    rmSync(from, { recursive: true });
    return kept;
  } finally {
    rmSync(copy, { recursive: true, force: true });
    release(lock, me);
  }
}

/** Puts a folder in the place of another one. @returns where that is kept. */
function exchange(own: string, copy: string): string {
  const kept = `${own}.before-adopt-${new Date().toISOString().replace(/\D/g, "").slice(0, 14)}`;
  renameSync(own, kept);
  // A run for another stack of this clone may have begun since it was looked at.
  const newcomer = obstacleIn(kept);
  if (newcomer !== undefined) {
    renameSync(kept, own);
    throw new Error(newcomer);
  }
  rmSync(join(kept, LOCKS), { recursive: true, force: true });
  try {
    renameSync(copy, own);
  } catch (error) {
    throw new Error(`${own} was made anew by another run (${(error as Error).message}). Run the same again.`);
  }
  return kept;
}

/** Copies a state folder, but for the locks in it, and compares. */
function copyWhole(from: string, copy: string): void {
  const locks = join(from, LOCKS);
  const options = { recursive: true, preserveTimestamps: true, verbatimSymlinks: true };
  rmSync(copy, { recursive: true, force: true });
  cpSync(from, copy, { ...options, filter: (path) => path !== locks });
  for (const path of filesIn(from)) {
    if (path.startsWith(`${LOCKS}/`)) continue;
    if (!readFileSync(join(from, path)).equals(readFileSync(join(copy, path))))
      throw new Error(`${join(copy, path)} is not as ${join(from, path)}: nothing was changed. Is the disk full?`);
  }
}

/** Why a state cannot be adopted. */
function faultOf(from: string, own: string): string | undefined {
  if (from === own) return `${from} is this clone's state already.`;
  if (!existsSync(join(from, "backend/.pulumi")))
    return `${flag("from")} should be a state folder, got ${from}: there is no backend in it.`;
  if (!existsSync(join(from, "passphrase")))
    return `${from} has no passphrase, and its state cannot be read without it. Bring that back from a backup first.`;
  const { living, clone } = cloneState(from);
  return living ? `${from} is the state of the clone at ${clone}, which is there: use that one.` : undefined;
}

/** Why another state cannot take the place of this one. */
function obstacleIn(own: string): string | undefined {
  const other = atWork(own, process.env[TOKEN_VARIABLE]);
  if (other) return `This clone's state: ${other}. Nothing was touched.`;
  const { states } = cloneState(own);
  if (states.includes(undefined))
    return `This clone has a state of its own, which is cut off: \`${commandLine("doctor")}\` says more.`;
  const count = states.reduce((sum, state) => sum + (state?.resources.length ?? 0), 0);
  return count > 0
    ? `This clone has a state of its own, and resources in it (${count}): one of the two would be lost. \`${commandLine("clean")}\` removes what ` +
        "this clone has made, data too; or keep it, and use the other one from another clone."
    : undefined;
}

/** Who is at work on a stack of a state folder, beside the run with this token. */
function atWork(folder: string, token: string | undefined): string | undefined {
  const held = filesIn(join(folder, LOCKS)).flatMap((path) => {
    const file = join(folder, LOCKS, path);
    const by = path.endsWith(".json") ? readHolder(file) : undefined;
    const fate = by && by.token !== token ? fateOf(by) : "gone";
    if (!by || fate === "gone") return [];
    const what = `${holderShown(by)} is at work on it`;
    return fate === "lives" ? what : `${what} on ${by.host}; if it has ended, this releases it: rm ${quoted(file)}`;
  });
  // A run that was killed may have left its pulumi at work.
  const pulumis = pulumiLocks(join(folder, "backend/.pulumi/locks"))
    .filter((lock) => fateOfLock(lock, {}) === "lives")
    .map((lock) => `${lockShown(lock)} is at work on it`);
  return [...held, ...pulumis][0];
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
  return paths.filter((path) => statSync(join(folder, path), { throwIfNoEntry: false })?.isFile());
}
