import { lettingGo } from "./shared/clean-slate.ts";
import { reportOrphans } from "./shared/clones.ts";
import { commandFor } from "./shared/command.ts";
import { begin } from "./shared/recover.ts";
import { seconds } from "./shared/seconds.ts";
import { STACK } from "./shared/stack.ts";
import { runWithProgress } from "./up/run.ts";

const ARGS = ["up", "--yes", "--skip-preview", "--suppress-outputs"];

/** Removes containers and networks; keeps volumes, passwords and the gates of jobs. */
export async function down(): Promise<number> {
  const { engine, state } = await begin(() => {}, { oneOffs: true });
  if (state.resources.length === 0) {
    await reportOrphans(state, engine);
    process.stdout.write(`Nothing of stack ${STACK} is there to be taken down.\n`);
    return 0;
  }
  const takeDown = () => runWithProgress(ARGS, { STACKYARD_DOWN: "1" }, async () => new Map());
  const { code, progress } = await lettingGo(state, takeDown);
  if (code === 0) {
    const took = seconds(Date.now() - progress.began);
    process.stdout.write(`down in ${took}${progress.summary && ` (${progress.summary})`}\n`);
  } else {
    process.stderr.write(`\n\`${commandFor("ps")}\` shows what is still there; the same command goes on from here.\n`);
  }
  return code;
}
