import { spawn } from "node:child_process";

/**
 * Runs a command in a container on this process's own terminal.
 *
 * @returns its exit code.
 */
export function exec(container: string, command: readonly string[], stdin: "inherit" | "ignore"): Promise<number> {
  const terminal = stdin === "inherit" && process.stdin.isTTY && process.stdout.isTTY ? ["--tty"] : [];
  return onTerminal(["exec", "--interactive", ...terminal, container, ...command], stdin);
}

/** Runs the docker CLI, which knows how to pass a terminal on. @returns its exit code. */
export function onTerminal(args: readonly string[], stdin: "inherit" | "ignore"): Promise<number> {
  const child = spawn("docker", args, { stdio: [stdin, "inherit", "inherit"] });
  // The terminal sends the signal to the program as well: this process only waits for its end.
  const wait = () => {};
  process.on("SIGINT", wait);
  return new Promise<number>((resolve) => {
    child.once("error", (error) => {
      process.stderr.write(`docker: ${error.message}\n`);
      resolve(1);
    });
    child.once("close", (code) => resolve(code ?? 1));
  }).finally(() => process.off("SIGINT", wait));
}
