import { createHash, randomBytes } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, watch, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname } from "node:path";
import { here, type Place, startOf } from "./processes.ts";

/** Who holds a stack. */
export interface Holder extends Place {
  /** Of this run, and of no other one. */
  token: string;
  /** What was typed: `make dev`. */
  verb: string;
  pid: number;
  /** Since when that process runs. */
  start: string;
  host: string;
  user: string;
  /** In ISO 8601. */
  since: string;
}

/** What the processes that a run starts are told, so that they know whose they are. */
export const VARIABLE = "STACKYARD_VERB_LOCK";

/**
 * Of a process that lives on this machine; of one that is gone; or of one elsewhere (another machine, a container), which cannot
 * be seen from here.
 */
export type Fate = "lives" | "gone" | "elsewhere";

export function fateOf({ machine, boot, namespace, pid, start }: Omit<Holder, "token">, now: Place = here()): Fate {
  if (machine !== now.machine) return "elsewhere";
  if (boot !== now.boot) return "gone";
  if (namespace !== now.namespace) return "elsewhere";
  const present = startOf(pid);
  // What cannot be seen is not taken for gone.
  return present === undefined || (present !== "" && start !== "" && present !== start) ? "gone" : "lives";
}

/** Tells of one file's locks apart from all others. */
const mark = (file: string) => createHash("sha256").update(file).digest("hex").slice(0, 12);

/** What the tokens of a lock begin with. */
export const tokensOf = (file: string) => `${mark(file)}-`;

/** This process, or another one that runs, as a holder. */
export function holder(file: string, verb: string, pid = process.pid): Holder {
  return {
    ...here(),
    token: `${tokensOf(file)}${randomBytes(8).toString("hex")}`,
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
    // It is written before it gets its name, so this is what a loss of power left: of before the last boot.
    return { ...holder(file, "a run"), token: `${tokensOf(file)}unreadable`, boot: "unknown" };
  }
}

/**
 * Takes a lock in one step, from nobody or from a process that is gone. It lasts as long as its process does, so that nobody has
 * to clean up after one that was killed.
 *
 * Who takes it over from a process that is gone first becomes its successor, by a link that only one can make, and then replaces
 * the lock; one who was ended in between has a successor in the same way.
 *
 * @returns who holds it, where that is another one; else whom it was taken over from.
 */
export function take(file: string, me: Holder): { held?: Holder; after?: Holder } {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const mine = `${file}.${me.token}`;
  writeFileSync(mine, `${JSON.stringify(me)}\n`, { mode: 0o600 });
  try {
    for (;;) {
      if (linked(mine, file)) return {};
      const first = readHolder(file);
      if (!first) continue;
      const links: string[] = [];
      let last = first;
      for (;;) {
        if (fateOf(last) !== "gone") return { held: last };
        links.push(`${file}.after-${last.token}`);
        if (linked(mine, links.at(-1) ?? "")) break;
        const next = readHolder(links.at(-1) ?? "");
        if (!next) break;
        last = next;
      }
      // Another successor may have been there, and have taken its link away, since this one looked.
      const ours = readHolder(links.at(-1) ?? "")?.token === me.token;
      const still = readHolder(file)?.token === first.token;
      if (ours && still) renameSync(mine, file);
      if (ours) for (const link of still ? links : links.slice(-1)) rmSync(link, { force: true });
      if (ours && still) return { after: first };
    }
  } finally {
    rmSync(mine, { force: true });
  }
}

/** Whether there was no such file. */
function linked(from: string, to: string): boolean {
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

/** A process that is killed changes no file. */
const LOOK_AGAIN_MS = 500;

/** Resolves when somebody may have let a lock go. */
export function untilChanged(file: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LOOK_AGAIN_MS);
  const end = new AbortController();
  try {
    watch(dirname(file), { signal: end.signal }, () => resolve()).on("error", () => {});
  } catch {
    // A system has only so many to give.
  }
  return promise.finally(() => {
    end.abort();
    clearTimeout(timer);
  });
}
