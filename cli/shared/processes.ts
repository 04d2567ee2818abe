import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

// Which process is meant by a number that somebody has written down: on which machine, since when, and whether it is that one
// still. A number alone is another process's sooner or later.

/** Where a process number means something. */
export interface Place {
  /** The machine's own id, which stays when its name changes. */
  machine: string;
  /** Since the machine was last started. */
  boot: string;
  /** Containers have process numbers of their own. */
  namespace: string;
}

const LINUX = process.platform === "linux";

let place: Place | undefined;
export function here(): Place {
  place ??= LINUX
    ? {
        machine: firstOf(["/etc/machine-id", "/var/lib/dbus/machine-id"].map((file) => () => text(file))) || hostname(),
        boot: firstOf([() => text("/proc/sys/kernel/random/boot_id")]),
        namespace: firstOf([() => readlinkSync("/proc/self/ns/pid")]),
      }
    : {
        machine:
          firstOf([
            () =>
              /"IOPlatformUUID" = "([^"]+)"/.exec(asked("ioreg", "-rd1", "-c", "IOPlatformExpertDevice"))?.[1] ?? "",
          ]) || hostname(),
        boot: firstOf([() => asked("sysctl", "-n", "kern.bootsessionuuid")]),
        namespace: "",
      };
  return place;
}

/**
 * When a process began: a text that is the same as long as it runs, and another one for the next that is given its number. Empty
 * where that cannot be seen; undefined where there is no such process, or it has ended and only its parent was not told yet.
 */
export function startOf(pid: number): string | undefined {
  if (!exists(pid)) return undefined;
  const [state, start] = seen(pid);
  return state === "Z" || state === "X" ? undefined : start;
}

/** The same as a time, in ms since 1970. */
export function startedAt(pid: number): number | undefined {
  const start = startOf(pid);
  if (!start) return undefined;
  if (!LINUX) return Date.parse(start);
  // In hundredths of a second since the machine was started.
  return Number(/^btime (\d+)$/m.exec(text("/proc/stat"))?.[1]) * 1000 + Number(start) * 10;
}

/**
 * Processes that were given a variable of this name with a value that begins so, and what it is; Linux tells of one's own only.
 */
export function processesWith(variable: string, beginning: string): { pid: number; value: string; argv: string[] }[] {
  if (!LINUX) return [];
  const wanted = `${variable}=${beginning}`;
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const found = text(`/proc/${name}/environ`)
        .split("\0")
        .find((each) => each.startsWith(wanted));
      if (found === undefined || startOf(Number(name)) === undefined) return [];
      const argv = text(`/proc/${name}/cmdline`).replace(/\0$/, "").split("\0");
      return [{ pid: Number(name), value: found.slice(variable.length + 1), argv }];
    } catch {
      // Somebody else's, or it has ended.
      return [];
    }
  });
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Its state in one letter, and its start. */
function seen(pid: number): [state: string, start: string] {
  try {
    if (!LINUX) {
      const [, state = "", start = ""] =
        /^(\S)\S*\s+(.*)$/.exec(asked("ps", "-o", "state=,lstart=", "-p", String(pid))) ?? [];
      return [state, start];
    }
    // `pid (command) state ppid …`, and the command may hold anything; the start is the 22nd.
    const fields = text(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
    return [fields[0] ?? "", fields[19] ?? ""];
  } catch {
    return ["", ""];
  }
}

const text = (file: string) => readFileSync(file, "utf8").trim();

const asked = (command: string, ...args: string[]) =>
  execFileSync(command, args, {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
    stdio: ["ignore", "pipe", "ignore"],
  }).trim();

/** The first answer that is not empty. */
function firstOf(ways: (() => string)[]): string {
  for (const way of ways) {
    try {
      const answer = way();
      if (answer !== "") return answer;
    } catch {
      // The next one may know.
    }
  }
  return "";
}
