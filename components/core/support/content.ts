import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { basename, join, posix, relative, resolve, sep } from "node:path";

/**
 * Names a folder by what is in it: the first 12 hexadecimal digits of a SHA-256 over every file's relative path, executable
 * bit and bytes, or link's path and target, in path order, and over `extra`. Times, owners and the folder's own place do not count.
 */
export function contentHash(folder: string, extra: readonly string[] = []): string {
  const hash = createHash("sha256");
  for (const path of filesBelow(folder)) {
    const file = join(folder, path);
    const stat = lstatSync(file);
    if (stat.isSymbolicLink()) hash.update(JSON.stringify([path, readlinkSync(file)]));
    else hash.update(JSON.stringify([path, (stat.mode & 0o100) !== 0])).update(readFileSync(file));
  }
  return hash.update(JSON.stringify(extra)).digest("hex").slice(0, 12);
}

/** Every file below a folder, relative to it, with `/`, sorted by code point. */
export function filesBelow(folder: string): string[] {
  const found: string[] = [];
  const walk = (at: string) => {
    for (const entry of readdirSync(at, { withFileTypes: true })) {
      const path = relative(folder, join(at, entry.name)).split(sep).join("/");
      if (entry.isDirectory()) walk(join(at, entry.name));
      else if (entry.isFile() || entry.isSymbolicLink()) found.push(path);
    }
  };
  walk(folder);
  return found.sort();
}

/** Contents of files, byte for byte, by the names that they get. */
export const contents = (paths: Record<string, string>): Record<string, Buffer> =>
  Object.fromEntries(Object.entries(paths).map(([name, path]) => [name, readFileSync(path)]));

/**
 * Files by path below a folder that holds them all, so that relative paths between them stay true. The path to the working folder,
 * which differs from machine to machine, is not part of it.
 *
 * @param paths files, and folders with all that is in them.
 * @returns their contents, byte for byte, and the path of the working folder.
 */
export function laidOut(paths: readonly string[]): { files: Record<string, Buffer>; at: string } {
  const all = paths.flatMap((path) => (statSync(path).isDirectory() ? filesIn(path) : path));
  const up = Math.max(
    0,
    ...all.map(
      (path) =>
        fromHere(path)
          .split("/")
          .filter((part) => part === "..").length,
    ),
  );
  const at = Array(up).fill(HERE).join("/");
  const files = contents(Object.fromEntries(all.map((path) => [posix.join(at, fromHere(path)), path])));
  // Makes the working folder exist where all files are beside it.
  return { files: up > 0 ? { ...files, [`${at}/${HERE}`]: Buffer.alloc(0) } : files, at };
}

/** Stand-ins for the working folder and for each folder above it. */
const HERE = "_here";

/** A path relative to the working folder, with `/`. */
export const fromHere = (path: string): string => relative(process.cwd(), resolve(path)).split(sep).join("/");

const filesIn = (folder: string) =>
  filesBelow(folder)
    .map((path) => join(folder, path))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile());

/** Names for files in their order: numbered, because files of different folders may share one. */
export const numbered = (paths: readonly string[], nameOf = (name: string) => name): Record<string, string> =>
  Object.fromEntries(paths.map((path, at) => [`${at + 1}-${nameOf(basename(path))}`, path]));
