import { createHash } from "node:crypto";
import { closeSync, existsSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from "node:fs";
import { join } from "node:path";
import { IgnoreRules, type Match } from "./dockerignore.ts";

const PIECE = 1 << 20;

/** An entry of a build's context, as BuildKit gets it. */
export interface Entry {
  /** Relative to the context, with `/`; as latin1, because a name is bytes. */
  path: string;
  kind: "file" | "folder" | "link" | "other";
  /** Permissions, with setuid, setgid and sticky. */
  mode: number;
  /** Target of a link. */
  target?: string;
}

/**
 * Names a build's context by what BuildKit takes of it: the first 12 hexadecimal digits of a SHA-256 over everything that no rule
 * of its `.dockerignore` leaves out (kind, path, permissions, bytes), over the Dockerfile and the rules themselves, which count
 * even where they are left out, and over `extra`. Times and owners do not count: they change nothing, or are not sent.
 *
 * @param hidden paths that do not count, relative to the context, with `/`, and what is below them.
 * @throws Error when a rule cannot be read, or a file cannot.
 */
export function contextHash(
  context: string,
  extra: readonly string[],
  hidden: readonly string[] = [],
  dockerfile = "Dockerfile",
): string {
  const hash = createHash("sha256");
  const add = (...facts: unknown[]) => hash.update(`${JSON.stringify(facts)}\n`);
  for (const file of [dockerfile, ...ignoreFile(context, dockerfile)]) add(file, fileHash(absolute(context, file)));
  for (const { path, kind, mode, target } of contextOf(context, hidden, dockerfile)) {
    add(path, kind, mode, kind === "file" ? fileHash(absolute(context, path)) : target);
  }
  add(...extra);
  return hash.digest("hex").slice(0, 12);
}

/** Everything in a folder that is sent to a build, by path. */
export function contextOf(context: string, hidden: readonly string[] = [], dockerfile = "Dockerfile"): Entry[] {
  const rules = rulesOf(context, dockerfile);
  const left = new Set(hidden.map((path) => Buffer.from(path).toString("latin1")));
  const walk = (folder: string, above?: Match): Entry[] =>
    readdirSync(absolute(context, folder), { encoding: "buffer", withFileTypes: true }).flatMap((found) => {
      const path = `${folder}${folder && "/"}${found.name.toString("latin1")}`;
      if (left.has(path)) return [];
      const shown = Buffer.from(path, "latin1").toString();
      const match = rules.match(shown, above);
      const into = found.isDirectory() && (!match.ignored || rules.looksInto(shown));
      const below = into ? walk(path, match) : [];
      // A folder that is left out is sent anyway if something below it is taken.
      if (match.ignored && below.length === 0) return [];
      const { mode } = lstatSync(absolute(context, path));
      const entry = { path, mode: mode & 0o7777 };
      if (found.isDirectory()) return [{ ...entry, kind: "folder" as const }, ...below];
      if (found.isFile()) return [{ ...entry, kind: "file" as const }];
      if (!found.isSymbolicLink()) return [{ ...entry, kind: "other" as const }];
      const target = readlinkSync(absolute(context, path), { encoding: "buffer" }).toString("latin1");
      return [{ ...entry, kind: "link" as const, target }];
    });
  return walk("").sort((a, b) => (a.path < b.path ? -1 : 1));
}

const absolute = (context: string, path: string) =>
  Buffer.concat([Buffer.from(join(context, "/")), Buffer.from(path, "latin1")]);

/** The rules that count: those of the Dockerfile itself, if it has any. */
function ignoreFile(context: string, dockerfile: string): string[] {
  return [`${dockerfile}.dockerignore`, ".dockerignore"].filter((name) => existsSync(join(context, name))).slice(0, 1);
}

function rulesOf(context: string, dockerfile: string): IgnoreRules {
  const [file] = ignoreFile(context, dockerfile);
  try {
    return new IgnoreRules(file ? readFileSync(join(context, file), "utf8") : "");
  } catch (error) {
    throw new Error(`${join(context, file ?? "")}: ${(error as Error).message}`);
  }
}

/** Piece by piece: a context may hold files larger than memory. */
function fileHash(path: Buffer): string {
  const hash = createHash("sha256");
  const file = openSync(path, "r");
  try {
    const piece = Buffer.allocUnsafe(PIECE);
    for (let read = readSync(file, piece); read > 0; read = readSync(file, piece)) hash.update(piece.subarray(0, read));
  } finally {
    closeSync(file);
  }
  return hash.digest("hex");
}
