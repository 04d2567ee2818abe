import { resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { z } from "zod";
import type { Mount } from "../engines/engine.ts";
import type { Platform } from "./platform.ts";
import { ArgsError, containerPath, found, readOf } from "./support/args.ts";
import { commandWords } from "./support/program.ts";
import { unreadableBy } from "./support/readable.ts";

/** How an application runs while you develop it. */
export const Develop = z.strictObject({
  /** Folders of this machine that are mounted read-only over the image's own: path in the container by folder. */
  mounts: z.record(
    z.string().refine((path) => found(path)?.isDirectory(), "a folder"),
    containerPath(),
  ),
  /** What runs in place of the image's command: it restarts the application when a file changes. */
  command: commandWords().min(1, "at least a program"),
});

/** What a container needs for an application that is being developed. */
export interface Developed {
  command: string[];
  /** Folders by absolute path. */
  mounts: Mount[];
}

/**
 * What applies of it: everything in dev where the engine is on this machine, which has the folders; nothing elsewhere.
 *
 * @param subject for messages: `Api "shop"`.
 * @param user numeric `uid:gid` that it runs as.
 * @throws ArgsError where that user could not read a file of the folders.
 */
export function developed(
  name: string,
  subject: string,
  platform: Platform,
  { mounts, command }: z.output<typeof Develop>,
  user: string,
): Developed | undefined {
  if (platform.environment !== "dev" || !platform.runs(name)) return undefined;
  if (!platform.engine.local) {
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
  return {
    command,
    mounts: Object.entries(mounts).map(([folder, path]) => ({ source: resolve(folder), path, readOnly: true })),
  };
}
