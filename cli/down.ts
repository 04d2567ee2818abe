import { lettingGo } from "./shared/clean-slate.ts";
import { reportOrphans } from "./shared/clones.ts";
import { commandFor } from "./shared/command.ts";
import { begin } from "./shared/recover.ts";
import { seconds } from "./shared/seconds.ts";
import { isIdentified, readState, STACK } from "./shared/stack.ts";
import { stateDown } from "./shared/state-down.ts";
import { runWithProgress } from "./up/run.ts";

const ARGS = ["up", "--yes", "--skip-preview", "--suppress-outputs"];

/**
 * Removes containers and networks; keeps volumes, passwords and the gates of jobs. Where the program cannot do it, because it fails
 * or lacks a service that is up, it is done from state alone.
 */
export async function down(): Promise<number> {
  const { engine, state } = await begin(() => {}, { oneOffs: true });
  if (state.resources.length === 0) {
    await reportOrphans(state, engine);
    process.stdout.write(`Nothing of stack ${STACK} is there to be taken down.\n`);
    return 0;
  }
  const errors: string[] = [];
  const takeDown = () => runWithProgress(ARGS, { STACKYARD_DOWN: "1" }, async () => new Map(), errors);
  const { code: failed, progress, interrupted } = await lettingGo(state, takeDown);
  const left = readState();
  let code = failed;
  const byState = failed !== 0 && !interrupted && isIdentified(left);
  // The program lacks something with data: no reason to lose the data, as it is kept this way.
  const shown = byState ? errors.filter((error) => !error.includes("DISCARD=")) : errors;
  for (const error of shown) process.stderr.write(error.endsWith("\n") ? error : `${error}\n`);
  if (byState) {
    process.stderr.write("The program could not do it: going by the state alone, which keeps all data.\n");
    code = await stateDown(engine, left);
  }
  if (code === 0) {
    const took = seconds(Date.now() - progress.began);
    const summary = failed === 0 ? progress.summary : "by the state alone";
    process.stdout.write(`down in ${took}${summary && ` (${summary})`}\n`);
  } else {
    process.stderr.write(`\n\`${commandFor("ps")}\` shows what is still there; the same command goes on from here.\n`);
  }
  return code;
}
