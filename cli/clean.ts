import { createInterface } from "node:readline/promises";
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
  if (!process.stdin.isTTY) {
    process.stderr.write("Nobody is there to ask: YES=1 makes it so.\n");
    process.exit(1);
  }
  const ask = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await ask.question(`Type the stack's name (${STACK}) to go on: `);
  ask.close();
  if (answer.trim() !== STACK) {
    process.stdout.write("Nothing was touched.\n");
    process.exit(1);
  }
}
// Refreshed, because what somebody removed by hand cannot be deleted a second time.
const code = await pulumi(["destroy", "--yes", "--skip-preview", "--refresh", "--suppress-outputs"]);
if (code === 0 && state.id) await sweep(await engine(), { ...readState(), id: state.id }, { data: true });
process.exit(code);
