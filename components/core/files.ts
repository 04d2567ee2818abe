import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { z } from "zod";
import type { ServiceWorkload } from "../engines/engine.ts";
import type { Platform } from "./platform.ts";
import { ArgsError, containerPath, file, readOf } from "./support/args.ts";
import { unreadableBy } from "./support/readable.ts";

/** Configuration files of this machine: their paths here, by absolute path in the container. */
export const configFiles = () => z.record(containerPath(), file()).default({});

/**
 * The content of configuration files, byte for byte. Other files of the same folders stay visible: so under a read-only root each
 * is mounted from this machine.
 *
 * @throws ArgsError where one cannot be read, by you or by the container's user, or cannot get into the container.
 */
export function readConfigFiles(
  subject: string,
  files: Record<string, string>,
  platform: Platform,
  { user, readOnlyRoot }: { user: string; readOnlyRoot: boolean },
): ServiceWorkload["configFiles"] {
  if (readOnlyRoot && !platform.engine.local && Object.keys(files).length > 0) {
    throw new ArgsError(`${subject} has bad arguments`, [
      "files: should be empty, got some: the engine is on another machine, which has not this one's files, and nothing can be " +
        "put into a container whose root can only be read. Set readOnlyRoot: false, or build an image that has them",
    ]);
  }
  return Object.fromEntries(
    Object.entries(files).map(([path, source]) => {
      const argument = `files.${path}`;
      const content = readOf(subject, argument, () => readFileSync(source));
      const closed = readOnlyRoot ? readOf(subject, argument, () => unreadableBy(user, source)) : undefined;
      if (closed) {
        throw new ArgsError(`${subject} has bad arguments`, [
          `${argument}: should be readable by ${user}, got ${closed}: \`chmod a+r ${source}\``,
        ]);
      }
      return [path, { path: resolve(source), content }];
    }),
  );
}
