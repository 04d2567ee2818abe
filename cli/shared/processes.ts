import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

// Identifies a process by its machine and its start as well as its number: sooner or later the number alone is another process's.

/** Within what a process number is unique. */
export interface Place {
  /** The machine's own id, which stays when its name changes. */
  machine: string;
  /** Changes whenever the machine is started. */
  boot: string;
  /** Containers have process numbers of their own. */
  namespace: string;
}

const LINUX = process.platform === "linux";

let place: Place | undefined;
export function currentPlace(): Place {
  place ??= LINUX
    ? {
        machine:
          firstOf(["/etc/machine-id", "/var/lib/dbus/machine-id"].map((file) => () => readText(file))) || hostname(),
        boot: firstOf([() => readText("/proc/sys/kernel/random/boot_id")]),
        namespace: firstOf([() => readlinkSync("/proc/self/ns/pid")]),
      }
    : {
        machine:
          firstOf([
            () =>
              /"IOPlatformUUID" = "([^"]+)"/.exec(outputOf("ioreg", "-rd1", "-c", "IOPlatformExpertDevice"))?.[1] ?? "",
          ]) || hostname(),
        boot: firstOf([() => outputOf("sysctl", "-n", "kern.bootsessionuuid")]),
        namespace: "",
      };
  return place;
}

/**
 * When a process began, as a text that stays the same while it runs and differs for the next process with its number. Empty where
 * that cannot be seen; undefined where there is no such process, or it has ended and its parent has not collected it yet.
 */
export function startOf(pid: number): string | undefined {
  if (!exists(pid)) return undefined;
  const [state, start] = readProcess(pid);
  return state === "Z" || state === "X" ? undefined : start;
}

/** When a process began, in ms since 1970. */
export function startedAt(pid: number): number | undefined {
  const start = startOf(pid);
  if (!start) return undefined;
  if (!LINUX) return Date.parse(start);
  // `start` is in hundredths of a second since the machine was started.
  return Number(/^btime (\d+)$/m.exec(readText("/proc/stat"))?.[1]) * 1000 + Number(start) * 10;
}

/** Processes whose environment has this variable, with a value that begins like this. Linux shows only the user's own processes. */
export function processesWith(variable: string, beginning: string): { pid: number; value: string; argv: string[] }[] {
  if (!LINUX) return [];
  const wanted = `${variable}=${beginning}`;
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const found = readText(`/proc/${name}/environ`)
        .split("\0")
        .find((each) => each.startsWith(wanted));
      if (found === undefined || startOf(Number(name)) === undefined) return [];
      const argv = readText(`/proc/${name}/cmdline`).replace(/\0$/, "").split("\0");
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

/** A process's state as one letter, and its start; both empty where they cannot be seen. */
function readProcess(pid: number): [state: string, start: string] {
  try {
    if (!LINUX) {
      const [, state = "", start = ""] =
        /^(\S)\S*\s+(.*)$/.exec(outputOf("ps", "-o", "state=,lstart=", "-p", String(pid))) ?? [];
      return [state, start];
    }
    // `pid (command) state ppid …`: the command may hold any character, and the start is the 22nd field.
    const fields = readText(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
    return [fields[0] ?? "", fields[19] ?? ""];
  } catch {
    return ["", ""];
  }
}

const readText = (file: string) => readFileSync(file, "utf8").trim();

const outputOf = (command: string, ...args: string[]) =>
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
