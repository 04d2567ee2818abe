import { chmodSync, renameSync, rmSync, writeFileSync } from "node:fs";

interface Options {
  /** The file's permissions. @default - its owner alone can read and write it */
  mode?: number;
  /** Whether it is flushed to disk before it replaces the old file, so that a power failure leaves one of the two. @default true */
  flush?: boolean;
}

/**
 * Replaces a file in one step: a reader gets either the whole old content or the whole new content.
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
