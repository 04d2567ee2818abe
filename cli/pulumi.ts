import { spawn } from "node:child_process";
import { wordsOf } from "./shared/words.ts";

/**
 * Runs the right pulumi on this terminal.
 *
 * @param words its arguments.
 * @param command the same as one line, split as a shell does, with nothing expanded.
 */
export function pulumi(words: readonly string[], { command = "" }: { command?: string }): Promise<number> {
  const child = spawn("pulumi", [...wordsOf(command), ...words], { stdio: "inherit" });
  // The terminal tells pulumi itself: this only waits for it to end in order.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve(code ?? (signal === "SIGINT" ? 130 : 143)));
  });
}
