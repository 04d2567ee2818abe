import { chmodSync, renameSync, rmSync, writeFileSync } from "node:fs";

/**
 * Writes a file for its owner only, in the place of what was there: whoever reads it meanwhile has the one or the other, whole.
 *
 * @throws Error where it cannot be written, with what was there left as it was.
 */
export function replaceFile(file: string, text: string): void {
  const fresh = `${file}.${process.pid}`;
  try {
    writeFileSync(fresh, text, { mode: 0o600 });
    // It may be what a process of this number has left.
    chmodSync(fresh, 0o600);
    renameSync(fresh, file);
  } finally {
    rmSync(fresh, { force: true });
  }
}
