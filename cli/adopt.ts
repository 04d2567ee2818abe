import { resolve } from "node:path";
import { adopt as takeOver } from "./shared/adopt.ts";
import { cloneState, ownState } from "./shared/clones.ts";
import { commandFor } from "./shared/command.ts";
import { hold } from "./shared/hold.ts";
import { ROOT } from "./shared/stack.ts";

/**
 * Takes over the state of a clone that was moved or deleted: its stacks, passwords and settings. Nothing on the engine is touched,
 * and the old state is removed only once its copy here is whole.
 */
export async function adopt({ from }: { from: string }): Promise<void> {
  const own = ownState();
  if (!own)
    throw new Error(
      "This clone keeps its state where PULUMI_BACKEND_URL or Pulumi.yaml says: it cannot adopt another one.",
    );
  await hold();
  const kept = takeOver(resolve(from), own, ROOT.replace(/\/$/, ""));
  const { states } = cloneState(own);
  const resources = states.reduce((sum, state) => sum + (state?.resources.length ?? 0), 0);
  process.stdout.write(
    `The state of ${from} is ${own} now, with its passphrase (stacks: ${states.length}, resources: ${resources}). ` +
      `What was here before is kept in ${kept}.\n\`${commandFor("preview")}\` shows what would change, because the files that it reads are in another folder now.\n`,
  );
}
