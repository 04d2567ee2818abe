import { stopAtOrphans } from "./shared/clones.ts";
import { onlyWanted } from "./shared/only.ts";
import { begin } from "./shared/recover.ts";
import { bringUp } from "./up/bring-up.ts";

// make dev, make up: mends what an ended run or somebody's hand left, brings the stack up, and says what is there. Arguments
// are handed on to `pulumi up`.

let env: Record<string, string> = {};
const begun = await begin(async (state, api) => {
  await stopAtOrphans(state, api);
  if (process.env.only) env = await onlyWanted(state);
});
process.exitCode = await bringUp(begun, process.argv.slice(2), env);
