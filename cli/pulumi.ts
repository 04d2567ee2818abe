import { spawn } from "node:child_process";
import { discarding } from "./shared/pulumi.ts";
import { wordsOf } from "./shared/words.ts";

// make pulumi ARGS="preview -s dev": the right pulumi on this terminal, with these words.

try {
  const env = { ...process.env, ...discarding() };
  const child = spawn("pulumi", wordsOf(process.env.ARGS ?? ""), { stdio: "inherit", env });
  // The terminal tells pulumi itself: this only waits for it to end in order.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.once("error", ({ message }) => {
    process.stderr.write(`pulumi: ${message}\n`);
    process.exit(1);
  });
  child.once("close", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
} catch (error) {
  process.stderr.write(`ARGS=: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
