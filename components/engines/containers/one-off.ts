import type { EngineApi } from "./api.ts";
import { onTerminal } from "./exec.ts";

/**
 * Runs a command in a container of its own that is made as another one is, on this process's own terminal.
 *
 * @param uploaded files that were uploaded into the other one.
 * @returns the command's exit code.
 */
export async function oneOff(
  api: EngineApi,
  id: string,
  command: readonly string[],
  uploaded: readonly string[],
): Promise<number> {
  const tty = process.stdin.isTTY && process.stdout.isTTY;
  const made = await api.createLike(id, { command, uploaded, tty });
  return onTerminal(["start", "--attach", "--interactive", made], "inherit");
}
