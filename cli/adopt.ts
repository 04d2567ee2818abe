import { resolve } from "node:path";
import { adopt } from "./shared/adopt.ts";
import { cloneState, ownState } from "./shared/clones.ts";
import { hold } from "./shared/hold.ts";
import { makeCommand } from "./shared/make-command.ts";
import { ROOT } from "./shared/stack.ts";

// make adopt from=FOLDER: takes over the state of a clone that was moved or deleted: its stacks, passwords and settings. Nothing
// on the engine is touched, and the old state is removed only once its copy here is whole.

const { from } = process.env;
const own = ownState();
try {
  if (!own)
    throw new Error(
      "This clone keeps its state where PULUMI_BACKEND_URL or Pulumi.yaml says: it cannot adopt another one.",
    );
  if (!from) throw new Error("from= should be a state folder: `make doctor` names those whose clone is gone.");
  await hold();
  const kept = adopt(resolve(from), own, ROOT.replace(/\/$/, ""));
  const { states } = cloneState(own);
  const resources = states.reduce((sum, state) => sum + (state?.resources.length ?? 0), 0);
  process.stdout.write(
    `The state of ${from} is ${own} now, with its passphrase (stacks: ${states.length}, resources: ${resources}). ` +
      `What was here before is kept in ${kept}.\n\`${makeCommand("preview")}\` shows what would change, because the files that it reads are in another folder now.\n`,
  );
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
