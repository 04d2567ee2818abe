import { lstatSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Platform } from "../platform.ts";
import { ArgsError, containerPath, found, readOf } from "./args.ts";

/** How an application runs while it is being developed. */
export const Develop = z.strictObject({
  /** Folders of this machine that lie over the image's own, and can only be read there: path in the container by folder. */
  mounts: z.record(
    z.string().refine((path) => found(path)?.isDirectory(), "a folder"),
    containerPath(),
  ),
  /** What runs in the place of the image's own command: it starts the application anew when a file changes. */
  command: z.array(z.string("a text"), "a list of texts").min(1, "at least a program"),
});

/** What is particular to a container with an application that is being developed. */
export interface Developed {
  command: string[];
  /** Folders by absolute path. */
  mounts: { folder: string; path: string }[];
}

/**
 * What of it is in force: all in dev, where the engine is on this machine and has its folders; nothing elsewhere.
 *
 * @param subject for messages: `Api "shop"`.
 * @param user numeric `uid:gid`, as which it runs.
 * @throws ArgsError where that user could not read a file of the folders.
 */
export function developed(
  name: string,
  subject: string,
  platform: Platform,
  { mounts, command }: z.output<typeof Develop>,
  user: string,
): Developed | undefined {
  if (platform.environment !== "dev" || platform.rests(name)) return undefined;
  if (!platform.local) {
    void pulumi.log.info(
      `${subject}: a change is live at the next up only, because the engine is not on this machine.`,
    );
    return undefined;
  }
  const faults = Object.keys(mounts).flatMap((folder) => {
    const argument = `develop.mounts.${folder}`;
    const closed = readOf(subject, argument, () => unreadableBy(user, folder));
    return closed ? [`${argument}: should be readable by ${user}, got ${closed}: \`chmod -R a+rX ${folder}\``] : [];
  });
  if (faults.length > 0) throw new ArgsError(`${subject} has bad arguments`, faults);
  return { command, mounts: Object.entries(mounts).map(([folder, path]) => ({ folder: resolve(folder), path })) };
}

/** The first path that a user may not read, going by its mode. Elsewhere than on Linux, containers see other owners. */
function unreadableBy(user: string, folder: string): string | undefined {
  if (process.platform !== "linux") return undefined;
  const [uid, gid] = user.split(":").map(Number);
  const paths = [
    folder,
    ...readdirSync(folder, { encoding: "utf8", recursive: true }).map((path) => join(folder, path)),
  ];
  for (const path of paths) {
    const stat = lstatSync(path);
    if (stat.isSymbolicLink()) continue;
    const rights = stat.mode >> (stat.uid === uid ? 6 : stat.gid === gid ? 3 : 0);
    const needed = stat.isDirectory() ? 0o5 : 0o4;
    if ((rights & needed) !== needed)
      return `${path} (mode ${(stat.mode & 0o777).toString(8)}, owner ${stat.uid}:${stat.gid})`;
  }
  return undefined;
}
