import { createInterface } from "node:readline/promises";
import { byMake } from "../../components/engines/command-line.ts";

/** Asks for a word. Ends the verb when another one is typed, or there is no terminal to ask on. */
export async function confirm(question: string, word: string): Promise<void> {
  if (!process.stdin.isTTY) {
    process.stderr.write(`There is no terminal to ask on: ${byMake() ? "YES=1" : "--yes"} confirms.\n`);
    process.exit(1);
  }
  const ask = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await ask.question(question);
  ask.close();
  if (answer.trim() === word) return;
  process.stdout.write("Nothing was touched.\n");
  process.exit(1);
}
