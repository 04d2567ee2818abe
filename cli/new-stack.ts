import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { handleFaults } from "./shared/faults.ts";
import { hold } from "./shared/hold.ts";
import { STACK, stateFile } from "./shared/stack.ts";

// new-stack.ts PULUMI FOLDER: makes the stack that PULUMI_STACK names, empty, by this program and in this folder, unless somebody
// has meanwhile: with the stack held, because pulumi itself would write an empty state over one that another run has just begun.

handleFaults();
const [pulumi = "", folder] = process.argv.slice(2);
await hold({ by: { verb: "pulumi stack init" } });
const file = stateFile();
if (!file || !existsSync(file)) {
  const { status } = spawnSync(pulumi, ["stack", "init", STACK], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  process.exitCode = status ?? 1;
}
