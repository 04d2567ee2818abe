import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** The first file or folder, at or below a path, that a user may not read by its mode. Only on Linux: elsewhere, containers see other owners. */
export function unreadableBy(user: string, path: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  const [uid, gid] = user.split(":").map(Number);
  const below = lstatSync(path).isDirectory() ? readdirSync(path, { encoding: "utf8", recursive: true }) : [];
  for (const each of [path, ...below.map((name) => join(path, name))]) {
    const stat = lstatSync(each);
    if (stat.isSymbolicLink()) continue;
    const rights = stat.mode >> (stat.uid === uid ? 6 : stat.gid === gid ? 3 : 0);
    const needed = stat.isDirectory() ? 0o5 : 0o4;
    if ((rights & needed) !== needed)
      return `${each} (mode ${(stat.mode & 0o777).toString(8)}, owner ${stat.uid}:${stat.gid})`;
  }
  return undefined;
}
