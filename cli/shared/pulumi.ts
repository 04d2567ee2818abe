import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { ROOT, STACK } from "./stack.ts";
import { keepCopies } from "./state-copy.ts";

/** What gets pulumi's output, instead of the terminal. */
export interface Reader {
  line(text: string): unknown;
  error(text: string): unknown;
}

/**
 * Runs pulumi for this stack, with its output as it comes, and answers its exit code. On Ctrl-C the terminal tells pulumi
 * itself; this only waits for it to end in order.
 */
export function pulumi(args: readonly string[], env: Record<string, string> = {}, reader?: Reader): Promise<number> {
  const child = spawn("pulumi", [...args, "--stack", STACK], {
    cwd: ROOT,
    stdio: reader ? ["inherit", "pipe", "pipe"] : "inherit",
    env: { ...process.env, ...env },
  });
  const kept = args[0] === "preview" ? () => {} : keepCopies();
  if (reader) {
    if (child.stdout) createInterface({ input: child.stdout }).on("line", (text) => reader.line(text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => reader.error(text));
  }
  const wait = () => {};
  process.on("SIGINT", wait);
  const end = () => child.kill("SIGTERM");
  process.on("SIGTERM", end);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      process.off("SIGINT", wait).off("SIGTERM", end);
      kept();
      resolve(code ?? (signal === "SIGINT" ? 130 : 143));
    });
  });
}

/**
 * Runs pulumi with one line in the place of its output, which comes only where it fails, or where every resource is to be shown.
 *
 * @param what is being done.
 */
export async function pulumiInOneLine(what: string, args: readonly string[]): Promise<number> {
  if (process.env.STACKYARD_SHOW === "resources") return pulumi(args);
  process.stderr.write(`${what}\n`);
  const output: string[] = [];
  const code = await pulumi(args, {}, { line: (text) => output.push(`${text}\n`), error: (text) => output.push(text) });
  if (code !== 0) process.stderr.write(output.join(""));
  return code;
}

/** A message without the name of the hook that pulumi puts before it: the message itself begins with its subject. */
export const withoutHook = (text: string) => text.replace(/(?:Preview failed: )?before hook "[^"]*" failed: /, "");

/** Says which state is used: it holds the passwords. */
export function sayBackend(): void {
  const url = process.env.PULUMI_BACKEND_URL;
  process.stderr.write(`stack ${STACK}, state in ${url ?? "the backend that pulumi is logged in to"}\n`);
}
