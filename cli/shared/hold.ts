import { basename } from "node:path";
import { byMake, commandLine, pulumiCommand } from "../../components/engines/command-line.ts";
import { processesWith, startOf } from "./processes.ts";
import { dropLock, fateOfLock, type PulumiLock, pulumiLocks, rememberName } from "./pulumi-lock.ts";
import { besideStates, brokenState, PROJECT, STACK } from "./stack.ts";
import { keepCopy, noRoom } from "./state-copy.ts";
import {
  fateOf,
  type Holder,
  holder,
  readHolder,
  release,
  TOKEN_VARIABLE,
  take,
  tokenPrefix,
  untilChanged,
} from "./verb-lock.ts";

// A verb that changes something holds the stack before it looks at anything, for as long as its process lives. Pulumi's own lock
// lasts for one command only.

export const lockFile = () => `${besideStates()}/verb-locks/${PROJECT}/${STACK}.json`;

const waiting = () => (byMake() ? "wait=1" : "--wait");

const say = (text: string) => void process.stderr.write(`${text}\n`);

function refuse(text: string): never {
  say(text);
  process.exit(1);
}

/** The verb as it was typed: cli/main.ts says which it is. */
const typedVerb = () => commandLine(process.env.STACKYARD_VERB ?? "");

/** `make dev (process 123 of ann, since 2026-01-02T03:04:05.678Z)`. */
export const holderShown = ({ verb, pid, user, since }: Pick<Holder, "verb" | "pid" | "user" | "since">) =>
  `${verb} (process ${pid} of ${user}, since ${since})`;

export const lockShown = ({ pid, username, hostname, timestamp }: PulumiLock) =>
  `pulumi (process ${pid} of ${username} on ${hostname}, since ${timestamp})`;

/** The command that removes pulumi's lock, for one from another machine. */
export const cancelCommand = pulumiCommand(`cancel --yes -s ${STACK}`);

interface HoldOptions {
  /** What was typed, where it is not a verb of make; and the process, where it is not this one but a shell that will become pulumi. */
  by?: { verb: string; pid?: number };
  /** Whether it is `pulumi cancel`, whose purpose is to remove a lock from elsewhere. */
  cancels?: boolean;
}

/**
 * Holds this stack for as long as the verb runs. Where another run holds it, names that run and ends the verb, or waits with
 * `--wait`. Removes what a run that is gone has left: its lock, pulumi's lock, and the processes that it had started.
 *
 * @returns the token that tells the processes which this one starts that the stack is held; undefined where the verb that started
 * this one holds it.
 */
export async function hold({ by, cancels = false }: HoldOptions = {}): Promise<string | undefined> {
  const file = lockFile();
  const current = readHolder(file);
  if (current && current.token === process.env[TOKEN_VARIABLE] && fateOf(current) === "lives") return undefined;
  const full = noRoom();
  if (full) refuse(`${full} Nothing was touched.`);
  const me = holder(file, by?.verb ?? typedVerb(), by?.pid);
  const tookOver = await acquire(file, me);
  if (by?.pid === undefined) process.once("exit", () => release(file, me));
  process.env[TOKEN_VARIABLE] = me.token;
  await untilPulumiEnds(file, { unlock: () => release(file, me), cancels, tookOver: tookOver });
  const broken = brokenState();
  if (broken) {
    release(file, me);
    refuse(broken);
  }
  keepCopy();
  return me.token;
}

/** Takes the lock, or waits for it with `--wait`. @returns whether it was taken over from a run that is gone. */
async function acquire(file: string, me: Holder): Promise<boolean> {
  for (let announced = false; ; announced = true) {
    const { heldBy, predecessor } = tryTake(file, me);
    if (!heldBy) return predecessor !== undefined;
    const elsewhere = fateOf(heldBy) === "elsewhere";
    const what = `${holderShown(heldBy)}${elsewhere ? ` on ${heldBy.host}` : ""} is at work on stack ${STACK}`;
    if (!process.env.STACKYARD_WAIT) {
      refuse(
        `${what}: nothing was touched. ${waiting()} waits until it has ended.` +
          (elsewhere ? ` It cannot be seen from here; if it has ended, this releases the stack: rm '${file}'` : ""),
      );
    }
    if (!announced) say(`${what}: waiting until it has ended`);
    await untilChanged(file);
  }
}

function tryTake(file: string, me: Holder): ReturnType<typeof take> {
  try {
    return take(file, me);
  } catch (error) {
    refuse(`Stack ${STACK} cannot be held for this run (${(error as Error).message}). Nothing was touched.`);
  }
}

/** Where an interrupted run has left its pulumi running, refuses or waits for it. Then ends what else that run had started. */
async function untilPulumiEnds(
  file: string,
  { unlock, cancels, tookOver }: { unlock: () => void; cancels: boolean; tookOver: boolean },
): Promise<void> {
  const names = rememberName();
  for (let announced = false; ; announced = true) {
    const locks = pulumiLocks().map((lock) => ({ lock, fate: fateOfLock(lock, names) }));
    const [remote] = locks.filter(({ fate }) => fate === "elsewhere");
    const [living] = locks.filter(({ fate }) => fate === "lives");
    const orphans =
      tookOver || locks.length > 0
        ? processesWith(TOKEN_VARIABLE, tokenPrefix(file)).filter(({ value }) => value !== process.env[TOKEN_VARIABLE])
        : [];
    const running = living
      ? { pid: living.lock.pid, shown: lockShown(living.lock) }
      : orphans
          .filter(({ argv: [program = ""] }) => basename(program) === "pulumi")
          .map(({ pid }) => ({ pid, shown: `pulumi (process ${pid})` }))[0];
    if (!running && !(remote && !cancels)) {
      for (const { lock, fate } of locks) {
        if (fate !== "gone") continue;
        say(`an earlier run was ended in the middle: releasing its lock on stack ${STACK}`);
        dropLock(lock);
      }
      await end(orphans.filter(({ argv }) => isOfPulumi(argv)).map(({ pid }) => pid));
      return;
    }
    const what = running
      ? `${running.shown} is at work on stack ${STACK}`
      : `${remote && lockShown(remote.lock)} has locked stack ${STACK}`;
    if (!process.env.STACKYARD_WAIT) {
      unlock();
      refuse(
        `${what}: nothing was touched. ${
          running
            ? `${waiting()} waits until it has ended, \`kill -INT ${running.pid}\` ends it in order.`
            : `It cannot be seen from here; if it has ended, this removes its lock: ${cancelCommand}`
        }`,
      );
    }
    if (!announced) say(`${what}: waiting until it has ended`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Whether a process belongs to pulumi: a plugin, what runs the program, or the script on PATH that was about to become pulumi. */
const isOfPulumi = (argv: readonly string[]) =>
  argv.slice(0, 2).some((word) => /^pulumi(-|$)/.test(basename(word))) ||
  argv.some((word) => word.includes("/@pulumi/pulumi/cmd/"));

/** Ends what pulumi had started for a run that is gone: left alone, it might make one thing more. */
async function end(pids: number[]): Promise<void> {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
  for (let tries = 0; tries < 250 && pids.some((pid) => startOf(pid) !== undefined); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
