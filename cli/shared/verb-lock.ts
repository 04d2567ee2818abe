import { createHash, randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname } from "node:path";
import { currentPlace, type Place, startOf } from "./processes.ts";

/** Who holds a stack. */
export interface Holder extends Place {
  /** Unique to this run. */
  token: string;
  /** What was typed: `make dev`. */
  verb: string;
  pid: number;
  /** When that process began, as `startOf` gives it. */
  start: string;
  host: string;
  user: string;
  /** When the run took the stack, in ISO 8601. */
  since: string;
}

/** The environment variable with a run's token, by which the processes that it starts are recognised. */
export const TOKEN_VARIABLE = "STACKYARD_VERB_LOCK";

/**
 * Whether a process lives on this machine, is gone, or is elsewhere: on another machine or in a container, where it cannot be seen
 * from here.
 */
export type Fate = "lives" | "gone" | "elsewhere";

export function fateOf(
  { machine, boot, namespace, pid, start }: Omit<Holder, "token">,
  place: Place = currentPlace(),
): Fate {
  if (machine !== place.machine) return "elsewhere";
  if (boot !== place.boot) return "gone";
  if (namespace !== place.namespace) return "elsewhere";
  const present = startOf(pid);
  // A process whose start cannot be seen is not taken to be gone.
  return present === undefined || (present !== "" && start !== "" && present !== start) ? "gone" : "lives";
}

/** Differs between lock files. */
const mark = (file: string) => createHash("sha256").update(file).digest("hex").slice(0, 12);

/** What all tokens of a lock file begin with. */
export const tokenPrefix = (file: string) => `${mark(file)}-`;

/** A holder with a new token: this process, or another one that runs. */
export function holder(file: string, verb: string, pid = process.pid): Holder {
  return {
    ...currentPlace(),
    token: `${tokenPrefix(file)}${randomBytes(8).toString("hex")}`,
    verb,
    pid,
    start: startOf(pid) ?? "",
    host: hostname(),
    user: userName(),
    since: new Date().toISOString(),
  };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? "");
  }
}

export function readHolder(file: string): Holder | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return JSON.parse(text) as Holder;
  } catch {
    // The file is written before it gets its name, so only a loss of power leaves this: its process ran before the last boot.
    return { ...holder(file, "a run"), token: `${tokenPrefix(file)}unreadable`, boot: "unknown" };
  }
}

/**
 * Takes a lock that is free, or whose process is gone. A lock lasts as long as its process, so nobody has to clean up after a run
 * that was killed.
 *
 * Of several runs that want the lock of a process that is gone, one becomes its successor, by a hard link that only one of them can
 * make, and then replaces the lock. If it is killed in between, it gets a successor in the same way.
 *
 * @returns the other run that holds the lock, or the one that it was taken over from.
 */
export function take(file: string, me: Holder): { heldBy?: Holder; predecessor?: Holder } {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const mine = `${file}.${me.token}`;
  writeFileSync(mine, `${JSON.stringify(me)}\n`, { mode: 0o600 });
  try {
    for (;;) {
      if (tryLink(mine, file)) return {};
      const first = readHolder(file);
      if (!first) continue;
      const links: string[] = [];
      let last = first;
      for (;;) {
        if (fateOf(last) !== "gone") return { heldBy: last };
        links.push(`${file}.after-${last.token}`);
        if (tryLink(mine, links.at(-1) ?? "")) break;
        const next = readHolder(links.at(-1) ?? "");
        if (!next) break;
        last = next;
      }
      // Another successor may have replaced the lock and removed its own link since this run read the lock.
      const isSuccessor = readHolder(links.at(-1) ?? "")?.token === me.token;
      const unchanged = readHolder(file)?.token === first.token;
      if (isSuccessor && unchanged) renameSync(mine, file);
      if (isSuccessor) for (const link of unchanged ? links : links.slice(-1)) rmSync(link, { force: true });
      if (isSuccessor && unchanged) return { predecessor: first };
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Makes a hard link. @returns false where a file of that name is there already. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

export function release(file: string, me: Holder): void {
  if (readHolder(file)?.token === me.token) rmSync(file, { force: true });
}

/** How often a lock is looked at anyway: a process that is killed changes no file. */
const LOOK_AGAIN_MS = 500;

/** Resolves when a lock may have been released. */
export function untilChanged(file: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LOOK_AGAIN_MS);
  const watching = new AbortController();
  try {
    watch(dirname(file), { signal: watching.signal }, () => resolve()).on("error", () => {});
  } catch {
    // A system has a limited number of watches: without one, the timer is left.
  }
  return promise.finally(() => {
    watching.abort();
    clearTimeout(timer);
  });
}
