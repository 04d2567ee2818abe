import { stopAtOrphans } from "./shared/clones.ts";
import { onlyWanted } from "./shared/only.ts";
import { begin } from "./shared/recover.ts";
import { bringUp } from "./up/bring-up.ts";

// make dev, make up: mends what an interrupted run or somebody by hand has left, brings the stack up, and says what is there. Arguments
// are passed on to `pulumi up`.

let env: Record<string, string> = {};
const begun = await begin(async (state, engine) => {
  await stopAtOrphans(state, engine);
  if (process.env.only) env = await onlyWanted(state);
});
process.exitCode = await bringUp(begun, process.argv.slice(2), env);
