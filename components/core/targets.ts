import { join } from "node:path";
import { dirname, relative, resolve } from "node:path/posix";
import { PROBE_PROGRAM } from "../engines/engine.ts";
import { SECRETS_FOLDER } from "./secret.ts";
import { ArgsError, found } from "./support/args.ts";

/** Something at a path inside a container, and which option puts it there. */
export type Target = {
  path: string;
  /** @default "folder" */
  is?: "folder" | "file" | "memory";
  /** Whether it is copied in before the container starts, when mounts are in place and folders in memory are not. */
  put?: boolean;
  /** Whether nothing can be created in it, so that another target cannot be mounted below it. */
  readOnly?: boolean;
  /** Whether it has a file or folder already on which another target can be mounted. @default - unknown */
  has?: (place: string, file: boolean) => boolean;
} & (
  | { option: string; own?: never }
  /** For messages, where no option puts it there: `its data`. */
  | { own: string; option?: never }
);

const TMP = "/tmp";

/** Folders in memory: with a read-only root /tmp too, unless something else is at /tmp. */
export function inMemory(
  readOnlyRoot: boolean,
  tmpfs: Record<string, string>,
  others: readonly { path: string }[],
): Record<string, string> {
  const taken = [...Object.keys(tmpfs), ...others.map(({ path }) => path)].some((path) => resolve(path) === TMP);
  return readOnlyRoot && !taken ? { [TMP]: "mode=1777,size=64m", ...tmpfs } : tmpfs;
}

/** The same as targets. */
export const memoryTargets = (
  readOnlyRoot: boolean,
  paths: readonly string[],
  others: readonly { path: string }[],
): Target[] =>
  Object.keys(inMemory(readOnlyRoot, Object.fromEntries(paths.map((path) => [path, ""])), others)).map((path) => ({
    option: paths.includes(path) ? `tmpfs.${path}` : "tmpfs",
    path,
    is: "memory",
  }));

/** A folder or file of the engine's machine. @param local whether that is this machine, so that its content can be read. */
export const mountTarget = (
  option: string,
  { source, path, readOnly }: { source: string; path: string; readOnly: boolean },
  local: boolean,
): Target => ({
  option,
  path,
  readOnly,
  is: local && found(source)?.isFile() ? "file" : "folder",
  ...(local ? { has: (place, file) => found(join(source, place))?.isFile() === file } : {}),
});

/** Folders that hold nothing but secrets. */
export const secretTargets = (
  folders: readonly string[],
  secrets: Record<string, { path?: string | undefined }>,
  more: Pick<Target, "put" | "readOnly">,
): Target[] =>
  folders.map((folder) => {
    const [name] = Object.entries(secrets).find(([, { path }]) => path !== undefined && dirname(path) === folder) ?? [];
    const by =
      folder === SECRETS_FOLDER || name === undefined
        ? { own: "the folder of its secrets" }
        : { option: `secrets.${name}.path` };
    return { ...by, path: folder, has: () => false, ...more };
  });

/** Files of this machine: mounted under a read-only root, else copied into the container. */
export const fileTargets = (files: Record<string, string>, readOnlyRoot: boolean): Target[] =>
  Object.keys(files).map((path) => ({ option: `files.${path}`, path, is: "file", put: !readOnlyRoot }));

export const PROBE_TARGET: Target = {
  own: "the program of its probe",
  path: dirname(PROBE_PROGRAM),
  readOnly: true,
  has: () => false,
};

/** The folder of a job's files. */
export const FILES_TARGET: Target = { own: "the folder of its files", path: "/run/files", put: true };

const PROC = "/proc";
/** What can be mounted over there: https://github.com/opencontainers/runc/blob/main/libcontainer/rootfs_linux.go */
const MOUNTABLE =
  /^\/proc\/(cpuinfo|diskstats|meminfo|stat|swaps|uptime|loadavg|slabinfo|sys\/(kernel\/ns_last_pid|crypto\/fips_enabled))$/;

/** What the engine itself puts at a path, unless something is mounted there. */
const ENGINES: Target[] = [
  ...["/etc/hostname", "/etc/hosts", "/etc/resolv.conf"].map((path) => ({
    own: "a file of the engine's",
    path,
    is: "file" as const,
  })),
  ...["/dev", PROC].map((path) => ({ own: "a folder of the engine's", path, is: "memory" as const })),
  {
    own: "a folder of the engine's",
    path: "/sys",
    readOnly: true,
    // This machine's kernel has what another one has, if it has this folder at all.
    has: (place, file) => !found("/sys") || found(join("/sys", place))?.isFile() === file,
  },
];

const ANOTHER = "Give one of them another path.";
const named = ({ option, own = `\`${option}\`` }: Target) => own;

/**
 * Refuses what would be hidden inside a container, or could not be mounted there.
 *
 * @throws ArgsError naming both targets of each clash.
 */
export function refuseClashes(subject: string, said: readonly Target[]): void {
  const all = said.map((each): Target => ({ ...each, path: resolve(each.path) }));
  const taken = new Set(all.flatMap(({ path, is, put }) => (is === "file" && put ? [] : [path])));
  const targets = [
    ...ENGINES.filter(({ path }) => !taken.has(path)),
    ...all.filter(({ own }) => own !== undefined),
    ...all.filter(({ option }) => option !== undefined),
  ];
  const faults = targets.flatMap((each, index) => {
    const fault = inTheWay(each, targets, targets.slice(0, index));
    return fault ? [fault] : [];
  });
  if (faults.length > 0) throw new ArgsError(`${subject} has bad arguments`, [...new Set(faults)]);
}

function inTheWay(target: Target, all: readonly Target[], before: readonly Target[]): string | undefined {
  const { option, own, path, is, put } = target;
  if (path === "/")
    return `${option ?? own}: nothing can be in the place of its image's root. Give it a path below that.`;
  const same = before.find((each) => each.path === path);
  if (same) {
    const engines = ENGINES.includes(same);
    return `${option ?? own}: ${named(same)} is at ${path} ${engines ? "once it starts" : "already"}. ${engines ? MOUNTED : ANOTHER}`;
  }
  const [above] = all
    .filter((each) => each.path !== "/" && path.startsWith(`${each.path}/`))
    .sort((a, b) => b.path.length - a.path.length);
  if (!above) return undefined;
  const at = `${named(above)} is at ${above.path}`;
  if (above.path === PROC && ENGINES.includes(above) && !MOUNTABLE.test(path))
    return `${option ?? own}: ${at}, in which an engine mounts nothing. ${ANOTHER}`;
  if (above.is === "file") return `${option ?? own}: ${at}, a file. ${ANOTHER}`;
  if (above.is === "memory") {
    return is === "file" && put
      ? `${option ?? own}: ${at} once it starts, in memory, and hides it. ${MOUNTED}`
      : undefined;
  }
  const place = relative(above.path, path);
  if (!above.readOnly || (!put && (above.has?.(place, is === "file") ?? true))) return undefined;
  return option === undefined
    ? `${above.option ?? above.own}: no place for ${own} can be made in it, where it can only be read. Give it another path.`
    : `${option}: ${at}, where it can only be read: no place for ${place} can be made in it. ${ANOTHER}`;
}

const MOUNTED = "Give it another path; or set readOnlyRoot: true, with which it is mounted there.";
