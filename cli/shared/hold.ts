import { basename } from "node:path";
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
  take,
  tokensOf,
  untilChanged,
  VARIABLE,
} from "./verb-lock.ts";

// A verb that changes something holds the stack before it looks at anything, for as long as its process lives. Pulumi's own lock
// lasts for one command only.

export const lockFile = () => `${besideStates()}/verb-locks/${PROJECT}/${STACK}.json`;

const say = (text: string) => void process.stderr.write(`${text}\n`);

function refuse(text: string): never {
  say(text);
  process.exit(1);
}

/** The verb as it was typed. */
const verb = () => `make ${process.env.STACKYARD_VERB || basename(process.argv[1] ?? "", ".ts")}`;

/** `make dev (process 123 of ann, since 2026-01-02T03:04:05.678Z)`. */
export const holderShown = ({ verb, pid, user, since }: Pick<Holder, "verb" | "pid" | "user" | "since">) =>
  `${verb} (process ${pid} of ${user}, since ${since})`;

export const lockShown = ({ pid, username, hostname, timestamp }: PulumiLock) =>
  `pulumi (process ${pid} of ${username} on ${hostname}, since ${timestamp})`;

/** The command that removes a lock of pulumi's whose machine cannot be asked. */
export const cancelAdvice = `make pulumi ARGS="cancel --yes -s ${STACK}"`;

interface Held {
  /** What was typed, where it is not a verb of make; and the process, where it is not this one but a shell that becomes pulumi. */
  by?: { verb: string; pid?: number };
  /** Whether it is `pulumi cancel`, whose purpose is to remove a lock from elsewhere. */
  cancels?: boolean;
}

/**
 * Holds this stack for as long as the verb runs. Where another run holds it, ends the verb and names that run; with `wait=1`, waits
 * until that has ended. Removes what a run that is gone has left: its lock, pulumi's, and processes that it had started.
 *
 * @returns the token by which the processes that this one starts know that the stack is held; undefined where a verb that started
 * this one holds it.
 */
export async function hold({ by, cancels = false }: Held = {}): Promise<string | undefined> {
  const file = lockFile();
  const above = readHolder(file);
  if (above && above.token === process.env[VARIABLE] && fateOf(above) === "lives") return undefined;
  const full = noRoom();
  if (full) refuse(`${full} Nothing was touched.`);
  const me = holder(file, by?.verb ?? verb(), by?.pid);
  const after = await taken(file, me);
  if (by?.pid === undefined) process.once("exit", () => release(file, me));
  process.env[VARIABLE] = me.token;
  await untilPulumiEnds(file, { letGo: () => release(file, me), cancels, after });
  const broken = brokenState();
  if (broken) {
    release(file, me);
    refuse(broken);
  }
  keepCopy();
  return me.token;
}

async function taken(file: string, me: Holder): Promise<boolean> {
  for (let announced = false; ; announced = true) {
    const { held, after } = attempt(file, me);
    if (!held) return after !== undefined;
    const elsewhere = fateOf(held) === "elsewhere";
    const what = `${holderShown(held)}${elsewhere ? ` on ${held.host}` : ""} is at work on stack ${STACK}`;
    if (process.env.wait !== "1") {
      refuse(
        `${what}: nothing was touched. wait=1 waits until it has ended.` +
          (elsewhere ? ` From here it cannot be seen; where it has ended, this lets it go: rm '${file}'` : ""),
      );
    }
    if (!announced) say(`${what}: waiting until it has ended`);
    await untilChanged(file);
  }
}

function attempt(file: string, me: Holder): ReturnType<typeof take> {
  try {
    return take(file, me);
  } catch (error) {
    refuse(`Stack ${STACK} cannot be held for this run (${(error as Error).message}). Nothing was touched.`);
  }
}

/** Waits for, or refuses beside, a pulumi that an interrupted run has left running; ends what else that run had started. */
async function untilPulumiEnds(
  file: string,
  { letGo, cancels, after }: { letGo: () => void; cancels: boolean; after: boolean },
): Promise<void> {
  const names = rememberName();
  for (let announced = false; ; announced = true) {
    const locks = pulumiLocks().map((lock) => ({ lock, fate: fateOfLock(lock, names) }));
    const [remote] = locks.filter(({ fate }) => fate === "elsewhere");
    const [lives] = locks.filter(({ fate }) => fate === "lives");
    const orphans =
      after || locks.length > 0
        ? processesWith(VARIABLE, tokensOf(file)).filter(({ value }) => value !== process.env[VARIABLE])
        : [];
    const runs = lives
      ? { pid: lives.lock.pid, shown: lockShown(lives.lock) }
      : orphans
          .filter(({ argv: [program = ""] }) => basename(program) === "pulumi")
          .map(({ pid }) => ({ pid, shown: `pulumi (process ${pid})` }))[0];
    if (!runs && !(remote && !cancels)) {
      for (const { lock, fate } of locks) {
        if (fate !== "gone") continue;
        say(`an earlier run was ended in the middle: releasing its lock on stack ${STACK}`);
        dropLock(lock);
      }
      await end(orphans.filter(({ argv }) => isPulumis(argv)).map(({ pid }) => pid));
      return;
    }
    const what = runs
      ? `${runs.shown} is at work on stack ${STACK}`
      : `${remote && lockShown(remote.lock)} has locked stack ${STACK}`;
    if (process.env.wait !== "1") {
      letGo();
      refuse(
        `${what}: nothing was touched. ${
          runs
            ? `wait=1 waits until it has ended, \`kill -INT ${runs.pid}\` ends it in order.`
            : `From here it cannot be seen; where it has ended, this takes its lock away: ${cancelAdvice}`
        }`,
      );
    }
    if (!announced) say(`${what}: waiting until it has ended`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Whether it is one of pulumi's: a plugin, what runs the program, or the script on PATH that was about to become pulumi. */
const isPulumis = (argv: readonly string[]) =>
  argv.slice(0, 2).some((word) => /^pulumi(-|$)/.test(basename(word))) ||
  argv.some((word) => word.includes("/@pulumi/pulumi/cmd/"));

/** Ends what pulumi had started for a run that is gone: by itself it might make one thing more. */
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
