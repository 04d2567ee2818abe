import { confirm } from "./shared/confirm.ts";
import { pulumi, sayBackend } from "./shared/pulumi.ts";
import { releaseStaleLocks, sweep } from "./shared/recover.ts";
import { engine, readState, STACK } from "./shared/stack.ts";

// make clean: a clean slate. Asks first, naming what would be lost; YES=1 answers for scripts.

sayBackend();
releaseStaleLocks();
const state = readState();
const volumes = state.resources.filter(
  ({ type, name }) => type === "docker:index/volume:Volume" && name.endsWith("-data"),
);
if (process.env.YES !== "1") {
  const lost = volumes.map(({ name, id }) => `  ${name} (${id})`).join("\n");
  process.stdout.write(
    `This removes everything of stack ${STACK}, its passwords${lost && ` and the data in:\n${lost}`}\n`,
  );
  await confirm(`Type the stack's name (${STACK}) to go on: `, STACK);
}
// Refreshed, because what somebody removed by hand cannot be deleted a second time.
const code = await pulumi(["destroy", "--yes", "--skip-preview", "--refresh", "--suppress-outputs"]);
if (code === 0 && state.id) await sweep(await engine(), { ...readState(), id: state.id }, { data: true });
process.exit(code);
