import { chmodSync, renameSync, rmSync, writeFileSync } from "node:fs";

interface Options {
  /** The file's permissions. @default - its owner alone can read and write it */
  mode?: number;
  /** Whether it is on the disk before it replaces the old file, so that a loss of power leaves one of the two. @default true */
  flush?: boolean;
}

/**
 * Replaces a file in one step: whoever reads it meanwhile has the old content or the new one, whole.
 *
 * @throws Error where it cannot be written; the old file is left as it was.
 */
export function replaceFile(file: string, content: string | Buffer, options: Options = {}): void {
  const { mode = 0o600, flush = true } = options;
  const fresh = `${file}.${process.pid}`;
  try {
    writeFileSync(fresh, content, { mode, flush });
    // An earlier process with this number may have left the file, with other permissions.
    chmodSync(fresh, mode);
    renameSync(fresh, file);
  } finally {
    rmSync(fresh, { force: true });
  }
}
