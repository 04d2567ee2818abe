#!/usr/bin/env node
import { spawn } from "node:child_process";
import module from "node:module";
import { fileURLToPath } from "node:url";

// The command `stackyard`. This file is also read by an older Node.js: set-up gets a newer one, and that runs it.

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  // In a clone of Stackyard, which has this file in TypeScript, a user types make.
  if (import.meta.url.endsWith(".ts")) process.env.STACKYARD_BY ??= "make";
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE);
  const { main } = await import("./main.ts");
  await main(process.argv.slice(2));
} else {
  // Where the project's state is, is said by that set-up already.
  const { projectFolder } = await import("./shared/project.ts");
  const withNode = fileURLToPath(new URL("../infra/setup/with.sh", import.meta.url));
  const child = spawn("bash", [withNode, "node", fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, STACKYARD_STEPS: "node", STACKYARD_PROJECT: projectFolder() ?? "" },
  });
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.once("close", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));
}
