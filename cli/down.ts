import { lettingGo } from "./shared/clean-slate.ts";
import { reportOrphans } from "./shared/clones.ts";
import { makeCommand } from "./shared/make-command.ts";
import { begin } from "./shared/recover.ts";
import { seconds } from "./shared/seconds.ts";
import { STACK } from "./shared/stack.ts";
import { runWithProgress } from "./up/run.ts";

// make down: removes containers and networks; keeps volumes, passwords and the gates of jobs.

const ARGS = ["up", "--yes", "--skip-preview", "--suppress-outputs"];

const { engine, state } = await begin();
if (state.resources.length === 0) {
  await reportOrphans(state, engine);
  process.stdout.write(`Nothing of stack ${STACK} is there to be taken down.\n`);
  process.exit(0);
}
const down = () => runWithProgress(ARGS, { STACKYARD_DOWN: "1" }, async () => new Map());
const { code, progress } = await lettingGo(state, down);
if (code === 0) {
  const took = seconds(Date.now() - progress.began);
  process.stdout.write(`down in ${took}${progress.summary && ` (${progress.summary})`}\n`);
} else {
  process.stderr.write(`\n\`${makeCommand("ps")}\` shows what is still there; the same command goes on from here.\n`);
}
process.exitCode = code;
