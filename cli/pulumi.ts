import { spawn } from "node:child_process";
import { discarding } from "./shared/pulumi.ts";
import { wordsOf } from "./shared/words.ts";

// make pulumi ARGS="preview -s dev": the right pulumi on this terminal, with these words.

const child = spawn("pulumi", wordsOf(process.env.ARGS ?? ""), {
  stdio: "inherit",
  env: { ...process.env, ...discarding() },
});
// The terminal tells pulumi itself: this only waits for it to end in order.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.once("close", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
